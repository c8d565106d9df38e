/* Softmax in single precision. */
#define T float
#define NAME odl_softmax_f32
#include "softmax.inc"
