/* RNN in half precision. */
#define T _Float16
#define NAME odl_rnn_f16
#include "rnn.inc"
