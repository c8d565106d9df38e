/* Convolution in half precision, summed up in single, with vectors. */
#define T _Float16
#define V odl_half
#define NAME odl_conv2d_f16_rvv
#define NAME_(part) odl_conv2d_f16_rvv_##part
#include "conv2d_rvv.inc"
