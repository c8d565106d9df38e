/* Bodies with RISC-V vectors (vector.h); what they compute is said where the portable ones are. */
#ifndef ODL_KERNELS_RVV_H
#define ODL_KERNELS_RVV_H

#include "odl/kernels/common.h"

odl_kernel odl_matmul_f32_rvv, odl_matmul_f16_rvv;
odl_kernel odl_conv2d_f32_rvv, odl_conv2d_f16_rvv;
odl_kernel odl_conv2d_depthwise_f32_rvv, odl_conv2d_depthwise_f16_rvv;
odl_kernel odl_relu_f32_rvv, odl_relu_f16_rvv;
odl_kernel odl_leaky_relu_f32_rvv, odl_leaky_relu_f16_rvv;
odl_kernel odl_clip_f32_rvv, odl_clip_f16_rvv;
odl_kernel odl_exp_f32_rvv, odl_exp_f16_rvv;
odl_kernel odl_sigmoid_f32_rvv, odl_sigmoid_f16_rvv;
odl_kernel odl_tanh_f32_rvv, odl_tanh_f16_rvv;
odl_kernel odl_sqrt_f32_rvv, odl_sqrt_f16_rvv;
odl_kernel odl_add_f32_rvv, odl_add_f16_rvv;
odl_kernel odl_sub_f32_rvv, odl_sub_f16_rvv;
odl_kernel odl_mul_f32_rvv, odl_mul_f16_rvv;
odl_kernel odl_div_f32_rvv, odl_div_f16_rvv;
odl_kernel odl_max_f32_rvv, odl_max_f16_rvv;
odl_kernel odl_min_f32_rvv, odl_min_f16_rvv;
odl_kernel odl_scale_shift_f32_rvv, odl_scale_shift_f16_rvv;
odl_kernel odl_softmax_f32_rvv, odl_softmax_f16_rvv;
odl_kernel odl_average_pool_f32_rvv, odl_average_pool_f16_rvv;
odl_kernel odl_max_pool_f32_rvv, odl_max_pool_f16_rvv;
odl_kernel odl_reduce_mean_f32_rvv, odl_reduce_mean_f16_rvv;
odl_kernel odl_reduce_sum_f32_rvv, odl_reduce_sum_f16_rvv;
odl_kernel odl_copy_b32_rvv, odl_copy_b16_rvv;

#endif
