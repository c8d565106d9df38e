/* LSTM in single precision. */
#define T float
#define NAME odl_lstm_f32
#define NAME_(part) odl_lstm_f32_##part
#include "lstm.inc"
