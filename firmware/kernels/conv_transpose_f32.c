/* Transposed convolution in single precision. */
#define T float
#define ACC float
#define NAME odl_conv_transpose_f32
#include "conv_transpose.inc"
