/* Depthwise convolution in single precision, with vectors. */
#define T float
#define V odl_vec
#define NAME odl_conv2d_depthwise_f32_rvv
#define NAME_(part) odl_conv2d_depthwise_f32_rvv_##part
#include "conv2d_rvv.inc"
