/* LSTM in half precision. */
#define T _Float16
#define NAME odl_lstm_f16
#define NAME_(part) odl_lstm_f16_##part
#include "lstm.inc"
