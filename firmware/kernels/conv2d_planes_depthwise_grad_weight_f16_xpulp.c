/*
 * The gradient of a depthwise convolution's weights from planes in half precision on PULP cores,
 * two columns a register.
 */
#include "xpulp.h"

#define T _Float16
#define V odl_pair
#define LANES 2
#define ONE_LANE 0xffffu
#define STEP XPULP_MAC
#define ADD odl_pair_add
#define TOTAL(v) (odl_pair_low(v) + odl_pair_high(v))
#define NAME odl_conv2d_planes_depthwise_grad_weight_f16_xpulp
#define NAME_(part) odl_conv2d_planes_depthwise_grad_weight_f16_xpulp_##part
#include "conv2d_planes_depthwise_grad_weight_xpulp.inc"
