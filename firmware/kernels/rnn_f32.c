/* RNN in single precision. */
#define T float
#define NAME odl_rnn_f32
#include "rnn.inc"
