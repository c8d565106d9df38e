/* The gradient of a convolution's weights from planes in half precision on PULP cores, two products
 * an instruction. */
#include "xpulp.h"

#define NAME odl_conv2d_planes_grad_weight_f16_xpulp
#define NAME_(part) odl_conv2d_planes_grad_weight_f16_xpulp_##part
#include "xpulp_deep.inc"

#include "conv2d_planes_grad_weight_xpulp.inc"
