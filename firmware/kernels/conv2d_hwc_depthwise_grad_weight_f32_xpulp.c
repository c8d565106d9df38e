/*
 * The gradient of a depthwise convolution's weights in single precision on PULP cores, channels
 * side by side.
 */
#include "xpulp.h"

#define T float
#define V float
#define LANES 1
#define STEP XPULP_MAC_S
#define MAC(sum, x, dy) ((sum) + (x) * (dy))
#define LOAD(from) (*(from))
#define LOAD_LAST LOAD
#define ADD_TO(total, v) (*(total) += (v))
#define NAME odl_conv2d_hwc_depthwise_grad_weight_f32_xpulp
#define NAME_(part) odl_conv2d_hwc_depthwise_grad_weight_f32_xpulp_##part
#include "conv2d_hwc_depthwise_grad_weight_xpulp.inc"
