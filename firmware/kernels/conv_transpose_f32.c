/* Transposed convolution in single precision. */
#define T float
#define ACC float
#define NAME odl_conv_transpose_f32
#define NAME_(part) odl_conv_transpose_f32_##part
#include "conv_transpose.inc"
