/* Convolution of planes in half precision on PULP cores, two products an instruction. */
#include "xpulp.h"

#define NAME odl_conv2d_planes_f16_xpulp
#define NAME_(part) odl_conv2d_planes_f16_xpulp_##part
#include "xpulp_wide.inc"

#include "conv2d_planes_xpulp.inc"
