/* The gradient of a convolution's weights from planes of halves on PULP cores, its sums being of
 * single precision. */
#include "xpulp.h"

#define NAME odl_conv2d_planes_grad_weight_f16_xpulp_single
#define NAME_(part) odl_conv2d_planes_grad_weight_f16_xpulp_single_##part
#include "xpulp_mixed.inc"

#include "conv2d_planes_grad_weight_xpulp.inc"
