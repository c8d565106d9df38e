/* Convolution of planes of halves on PULP cores whose sums are of single precision. */
#include "xpulp.h"

#define NAME odl_conv2d_planes_f16_xpulp_single
#define NAME_(part) odl_conv2d_planes_f16_xpulp_single_##part
#include "xpulp_mixed.inc"

#include "conv2d_planes_xpulp.inc"
