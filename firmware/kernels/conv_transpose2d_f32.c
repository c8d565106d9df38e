/* Transposed convolution in single precision. */
#define T float
#define ACC float
#define NAME odl_conv_transpose2d_f32
#include "conv_transpose2d.inc"
