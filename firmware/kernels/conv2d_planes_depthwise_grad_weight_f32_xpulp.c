/* The gradient of a depthwise convolution's weights from planes in single precision on PULP cores.
 */
#include "xpulp.h"

#define T float
#define V float
#define LANES 1
#define ONE_LANE ~0u
#define STEP XPULP_MAC_S
#define ADD(a, b) ((a) + (b))
#define TOTAL(v) (v)
#define NAME odl_conv2d_planes_depthwise_grad_weight_f32_xpulp
#define NAME_(part) odl_conv2d_planes_depthwise_grad_weight_f32_xpulp_##part
#include "conv2d_planes_depthwise_grad_weight_xpulp.inc"
