/* Convolution in single precision with weights of eight bits. */
#define T float
#define W int8_t
#define ACC float
#define NAME odl_conv2d_f32_i8
#define NAME_(part) odl_conv2d_f32_i8_##part
#include "conv2d.inc"
