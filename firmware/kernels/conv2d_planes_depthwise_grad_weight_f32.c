/* The gradient of a depthwise convolution's weights from planes in single precision. */
#define T float
#define ACC float
#define NAME odl_conv2d_planes_depthwise_grad_weight_f32
#define NAME_(part) odl_conv2d_planes_depthwise_grad_weight_f32_##part
#include "conv2d_planes_grad_weight.inc"
