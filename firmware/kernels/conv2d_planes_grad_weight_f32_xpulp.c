/* The gradient of a convolution's weights from planes in single precision on PULP cores. */
#include "xpulp.h"

#define NAME odl_conv2d_planes_grad_weight_f32_xpulp
#define NAME_(part) odl_conv2d_planes_grad_weight_f32_xpulp_##part
#include "xpulp_single.inc"

#include "conv2d_planes_grad_weight_xpulp.inc"
