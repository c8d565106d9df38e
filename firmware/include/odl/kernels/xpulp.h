/*
 * Bodies for PULP cores; what they compute is said where the portable ones are. Those with the
 * suffix single are of half precision and add up in single precision, where a convolution's sum is
 * of up to 40 runs of evenly spaced steps.
 */
#ifndef ODL_KERNELS_XPULP_H
#define ODL_KERNELS_XPULP_H

#include "odl/kernels/common.h"

odl_kernel odl_conv2d_planes_f32_xpulp;
odl_half_kernel odl_conv2d_planes_f16_xpulp;
odl_kernel odl_conv2d_planes_f16_xpulp_single;
odl_kernel odl_conv2d_planes_depthwise_f32_xpulp;
odl_half_kernel odl_conv2d_planes_depthwise_f16_xpulp;
odl_kernel odl_conv2d_planes_depthwise_grad_weight_f32_xpulp;
odl_half_kernel odl_conv2d_planes_depthwise_grad_weight_f16_xpulp;
odl_kernel odl_conv2d_planes_grad_weight_f32_xpulp;
odl_half_kernel odl_conv2d_planes_grad_weight_f16_xpulp;
odl_kernel odl_conv2d_planes_grad_weight_f16_xpulp_single;

odl_kernel odl_conv2d_hwc_depthwise_f32_xpulp;
odl_half_kernel odl_conv2d_hwc_depthwise_f16_xpulp;
odl_kernel odl_conv2d_hwc_depthwise_grad_weight_f32_xpulp;
odl_half_kernel odl_conv2d_hwc_depthwise_grad_weight_f16_xpulp;

odl_kernel odl_planes_b16_xpulp, odl_planes_b32_xpulp;

odl_kernel odl_matmul_f32_xpulp;
odl_half_kernel odl_matmul_f16_xpulp;
/* For k = 4 with n >= 4, and k = 8 with n >= 2. */
odl_half_kernel odl_add_low_rank_f16_xpulp;
odl_kernel odl_matmul_f16_xpulp_single;
odl_kernel odl_relu_f32_xpulp, odl_relu_f16_xpulp;
odl_kernel odl_relu_grad_f32_xpulp, odl_relu_grad_f16_xpulp;
odl_kernel odl_positive_bits_f32_xpulp, odl_positive_bits_f16_xpulp;
odl_kernel odl_keep_by_bits_b32_xpulp, odl_keep_by_bits_b16_xpulp;
odl_kernel odl_add_f32_xpulp, odl_add_f16_xpulp, odl_add_i32_xpulp;
odl_kernel odl_sub_f32_xpulp, odl_sub_f16_xpulp, odl_sub_i32_xpulp;
odl_kernel odl_mul_f32_xpulp, odl_mul_f16_xpulp, odl_mul_i32_xpulp;
odl_kernel odl_div_f32_xpulp, odl_div_f16_xpulp;
odl_kernel odl_less_f32_xpulp, odl_less_f16_xpulp, odl_less_i32_xpulp;
odl_kernel odl_less_or_equal_f32_xpulp, odl_less_or_equal_f16_xpulp, odl_less_or_equal_i32_xpulp;
odl_kernel odl_neg_f32_xpulp, odl_neg_f16_xpulp;
odl_kernel odl_clip_f32_xpulp, odl_clip_f16_xpulp;
odl_kernel odl_abs_f32_xpulp, odl_abs_f16_xpulp;
odl_kernel odl_hard_sigmoid_f32_xpulp, odl_hard_sigmoid_f16_xpulp;
odl_kernel odl_hard_swish_f32_xpulp, odl_leaky_relu_f32_xpulp;
odl_half_kernel odl_hard_swish_f16_xpulp, odl_leaky_relu_f16_xpulp;
odl_kernel odl_prelu_f32_xpulp, odl_prelu_f16_xpulp;
odl_kernel odl_thresholded_relu_f32_xpulp, odl_thresholded_relu_f16_xpulp;
odl_kernel odl_cast_f32_f16_xpulp, odl_cast_f16_f32_xpulp, odl_cast_b8_i32_xpulp,
    odl_cast_i32_f32_xpulp;
odl_kernel odl_max_f32_xpulp, odl_max_f16_xpulp, odl_min_f32_xpulp, odl_min_f16_xpulp;
odl_kernel odl_copy_b32_xpulp, odl_copy_b16_xpulp;
odl_kernel odl_where_b32_xpulp, odl_where_b16_xpulp;
odl_kernel odl_take_b32_xpulp, odl_take_b16_xpulp;
odl_kernel odl_gather_b32_xpulp, odl_gather_b16_xpulp;
odl_kernel odl_scatter_b32_xpulp, odl_scatter_b16_xpulp;
odl_kernel odl_scatter_reduce_f32_xpulp, odl_scatter_reduce_f16_xpulp;
odl_kernel odl_scale_shift_f32_xpulp, odl_scale_shift_f16_xpulp;
odl_kernel odl_reduce_sum_f32_xpulp, odl_reduce_mean_f32_xpulp;
odl_half_kernel odl_reduce_sum_f16_xpulp, odl_reduce_mean_f16_xpulp;
odl_kernel odl_reduce_sum_square_f32_xpulp, odl_reduce_sum_square_f16_xpulp,
    odl_reduce_sum_square_f16_f32_xpulp;
odl_kernel odl_average_pool_f32_xpulp;
odl_half_kernel odl_average_pool_f16_xpulp;
odl_kernel odl_exp_f16_xpulp, odl_sigmoid_f16_xpulp, odl_tanh_f16_xpulp;
odl_kernel odl_softmax_f32_xpulp, odl_softmax_f16_xpulp;
odl_kernel odl_log_softmax_f32_xpulp, odl_log_softmax_f16_xpulp;
odl_kernel odl_layer_norm_f32_xpulp, odl_layer_norm_f16_xpulp;
odl_kernel odl_cross_entropy_f32_xpulp, odl_cross_entropy_grad_f32_xpulp;
odl_kernel odl_elu_f16_xpulp, odl_selu_f16_xpulp;
odl_kernel odl_gelu_f16_xpulp, odl_gelu_tanh_f16_xpulp;
odl_kernel odl_mish_f16_xpulp, odl_reciprocal_f16_xpulp, odl_softplus_f16_xpulp;
odl_kernel odl_sqrt_f16_xpulp, odl_swish_f16_xpulp;
odl_kernel odl_max_pool_f32_xpulp, odl_max_pool_f16_xpulp;
odl_kernel odl_max_pool_grad_f32_xpulp, odl_max_pool_grad_f16_xpulp;
odl_kernel odl_sgd_f32_xpulp, odl_sgd_f16_xpulp;
odl_kernel odl_momentum_f32_xpulp, odl_momentum_f16_xpulp;
odl_kernel odl_adam_f32_xpulp, odl_adam_f16_xpulp;

#endif
