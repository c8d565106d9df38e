/* Bodies for PULP cores; what they compute is said where the portable ones are. */
#ifndef ODL_KERNELS_XPULP_H
#define ODL_KERNELS_XPULP_H

#include "odl/kernels/common.h"

odl_kernel odl_conv2d_planes_f32_xpulp;
odl_half_kernel odl_conv2d_planes_f16_xpulp;
odl_kernel odl_conv2d_planes_depthwise_f32_xpulp;
odl_half_kernel odl_conv2d_planes_depthwise_f16_xpulp;
odl_kernel odl_conv2d_planes_depthwise_grad_weight_f32_xpulp;
odl_half_kernel odl_conv2d_planes_depthwise_grad_weight_f16_xpulp;
odl_kernel odl_conv2d_planes_grad_weight_f32_xpulp;
odl_half_kernel odl_conv2d_planes_grad_weight_f16_xpulp;

odl_kernel odl_planes_b16_xpulp, odl_planes_b32_xpulp;

odl_kernel odl_matmul_f32_xpulp;
odl_half_kernel odl_matmul_f16_xpulp;

#endif
