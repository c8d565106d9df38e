/* Transposed convolution in half precision, computed in single. */
#define T _Float16
#define ACC float
#define NAME odl_conv_transpose_f16
#define NAME_(part) odl_conv_transpose_f16_##part
#include "conv_transpose.inc"
