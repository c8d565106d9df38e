/* The gradient of a depthwise convolution's weights from planes in half precision, summed up in
 * single. */
#define T _Float16
#define ACC float
#define NAME odl_conv2d_planes_depthwise_grad_weight_f16
#define NAME_(part) odl_conv2d_planes_depthwise_grad_weight_f16_##part
#include "conv2d_planes_grad_weight.inc"
