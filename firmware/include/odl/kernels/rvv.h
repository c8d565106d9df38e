/* Bodies with RISC-V vectors (vector.h); what they compute is said where the portable ones are. */
#ifndef ODL_KERNELS_RVV_H
#define ODL_KERNELS_RVV_H

#include "odl/kernels/common.h"

odl_kernel odl_matmul_f32_rvv, odl_matmul_f16_rvv;
odl_kernel odl_conv2d_f32_rvv, odl_conv2d_f16_rvv;
odl_kernel odl_conv2d_depthwise_f32_rvv, odl_conv2d_depthwise_f16_rvv;

#endif
