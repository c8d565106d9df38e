/* The gradient of a depthwise convolution's weights, channels side by side, in half precision,
 * summed up in single. */
#define T _Float16
#define ACC float
#define NAME odl_conv2d_hwc_depthwise_grad_weight_f16
#define NAME_(part) odl_conv2d_hwc_depthwise_grad_weight_f16_##part
#include "conv2d_hwc_depthwise_grad_weight.inc"
