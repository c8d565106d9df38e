/* Depthwise convolution of planes in half precision, summed up in single. */
#define T _Float16
#define ACC float
#define NAME odl_conv2d_planes_depthwise_f16
#define NAME_(part) odl_conv2d_planes_depthwise_f16_##part
#include "conv2d_planes.inc"
