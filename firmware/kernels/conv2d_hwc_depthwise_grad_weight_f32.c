/* The gradient of a depthwise convolution's weights, channels side by side, in single precision. */
#define T float
#define ACC float
#define NAME odl_conv2d_hwc_depthwise_grad_weight_f32
#define NAME_(part) odl_conv2d_hwc_depthwise_grad_weight_f32_##part
#include "conv2d_hwc_depthwise_grad_weight.inc"
