/*
 * Bodies for PULP cores: packed half precision, hardware loops, post-increment. In half precision
 * products are summed up in half precision, so their error is that of the portable body with half's
 * unit roundoff: gamma(min(k, 64) + k / 64 + 3).
 */
#ifndef ODL_KERNELS_XPULP_H
#define ODL_KERNELS_XPULP_H

#include "odl/kernels/common.h"

odl_kernel odl_matmul_f32_xpulp, odl_matmul_f16_xpulp;

#endif
