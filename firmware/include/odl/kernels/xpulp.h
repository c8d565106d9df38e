/* Bodies for PULP cores; what they compute is said where the portable ones are. */
#ifndef ODL_KERNELS_XPULP_H
#define ODL_KERNELS_XPULP_H

#include "odl/kernels/common.h"

odl_kernel odl_matmul_f32_xpulp;
odl_half_kernel odl_matmul_f16_xpulp;
odl_kernel odl_relu_f32_xpulp, odl_relu_f16_xpulp;
odl_kernel odl_relu_grad_f32_xpulp, odl_relu_grad_f16_xpulp;
odl_kernel odl_add_f32_xpulp, odl_add_f16_xpulp, odl_add_i32_xpulp;
odl_kernel odl_sub_f32_xpulp, odl_sub_f16_xpulp, odl_sub_i32_xpulp;
odl_kernel odl_mul_f32_xpulp, odl_mul_f16_xpulp, odl_mul_i32_xpulp;

#endif
