/* Elementwise functions of one operand: y[i] = f(x[i]). */
#ifndef ODL_KERNELS_ACTIVATION_H
#define ODL_KERNELS_ACTIVATION_H

#include "odl/kernels/common.h"

struct odl_unary {
    const void *x;
    void *y;
    int32_t n;
};

/* |x|; of the least integer, itself. */
#define odl_abs odl_unary
odl_kernel odl_abs_f32, odl_abs_f16, odl_abs_i8, odl_abs_i32, odl_abs_i64;

/* The next whole number towards infinity. */
#define odl_ceil odl_unary
odl_kernel odl_ceil_f32, odl_ceil_f16;

/* The error function, error in math.h. */
#define odl_erf odl_unary
odl_kernel odl_erf_f32, odl_erf_f16;

/* exp(x), error in math.h. */
#define odl_exp odl_unary
odl_kernel odl_exp_f32, odl_exp_f16;

/* The next whole number towards -infinity. */
#define odl_floor odl_unary
odl_kernel odl_floor_f32, odl_floor_f16;

/* x / 2 * (1 + erf(x / sqrt(2))). Error: 4 u |x|. */
#define odl_gelu odl_unary
odl_kernel odl_gelu_f32, odl_gelu_f16;

/* x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). Error: 5 u |x|. */
#define odl_gelu_tanh odl_unary
odl_kernel odl_gelu_tanh_f32, odl_gelu_tanh_f16;

/* x * min(max(x / 6 + 1/2, 0), 1). Error: u |x| (2 |x / 6| + 2). */
#define odl_hard_swish odl_unary
odl_kernel odl_hard_swish_f32, odl_hard_swish_f16;

/* ln(x), error in math.h. */
#define odl_log odl_unary
odl_kernel odl_log_f32, odl_log_f16;

/* x * tanh(ln(1 + exp(x))). Error: 5 ULP. */
#define odl_mish odl_unary
odl_kernel odl_mish_f32, odl_mish_f16;

/* -x; of the least integer, itself. */
#define odl_neg odl_unary
odl_kernel odl_neg_f32, odl_neg_f16, odl_neg_i8, odl_neg_i32, odl_neg_i64;

/* 1 where x is 0, else 0. */
#define odl_not odl_unary
odl_kernel odl_not_b8;

/* 1 / x. */
#define odl_reciprocal odl_unary
odl_kernel odl_reciprocal_f32, odl_reciprocal_f16;

/* max(x, 0). NaN stays NaN. */
#define odl_relu odl_unary
odl_kernel odl_relu_f32, odl_relu_f16, odl_relu_i8, odl_relu_i32, odl_relu_i64;

/* The nearest whole number, of two the even one. */
#define odl_round odl_unary
odl_kernel odl_round_f32, odl_round_f16;

/* 1 / (1 + exp(-x)), error in math.h. */
#define odl_sigmoid odl_unary
odl_kernel odl_sigmoid_f32, odl_sigmoid_f16;

/* -1, 0 or 1; NaN stays NaN. */
#define odl_sign odl_unary
odl_kernel odl_sign_f32, odl_sign_f16, odl_sign_i8, odl_sign_u8, odl_sign_i32, odl_sign_i64;

/* ln(1 + exp(x)), error in math.h. */
#define odl_softplus odl_unary
odl_kernel odl_softplus_f32, odl_softplus_f16;

/* x / (1 + |x|). Error: 2 roundings. */
#define odl_softsign odl_unary
odl_kernel odl_softsign_f32, odl_softsign_f16;

/* sqrt(x). */
#define odl_sqrt odl_unary
odl_kernel odl_sqrt_f32, odl_sqrt_f16;

/* tanh(x), error in math.h. */
#define odl_tanh odl_unary
odl_kernel odl_tanh_f32, odl_tanh_f16;

/* All bits turned over. */
#define odl_bit_not odl_unary
odl_kernel odl_bit_not_i8, odl_bit_not_u8, odl_bit_not_i32, odl_bit_not_i64;

/* 1 where x is NaN, else 0. */
#define odl_is_nan odl_unary
odl_kernel odl_is_nan_f32, odl_is_nan_f16;

struct odl_unary_alpha {
    const void *x;
    void *y;
    int32_t n;
    float alpha;
};

/* x where x >= 0, else alpha (exp(x / alpha) - 1). Error: 2.8 ULP, and u |x| exp(x / alpha). */
#define odl_celu odl_unary_alpha
odl_kernel odl_celu_f32, odl_celu_f16;

/* x where x >= 0, else alpha (exp(x) - 1). Error: 2.2 ULP. */
#define odl_elu odl_unary_alpha
odl_kernel odl_elu_f32, odl_elu_f16;

/* x where x >= 0, else alpha * x. */
#define odl_leaky_relu odl_unary_alpha
odl_kernel odl_leaky_relu_f32, odl_leaky_relu_f16;

/* x / (1 + exp(-alpha x)). Error: (6 + |alpha x|) u |y|. */
#define odl_swish odl_unary_alpha
odl_kernel odl_swish_f32, odl_swish_f16;

/* x where x > alpha, else 0. */
#define odl_thresholded_relu odl_unary_alpha
odl_kernel odl_thresholded_relu_f32, odl_thresholded_relu_f16;

struct odl_unary_alpha_beta {
    const void *x;
    void *y;
    int32_t n;
    float alpha, beta;
};

/* min(max(alpha x + beta, 0), 1). Error: u (2 |alpha x| + |beta|). */
#define odl_hard_sigmoid odl_unary_alpha_beta
odl_kernel odl_hard_sigmoid_f32, odl_hard_sigmoid_f16;

/* 1 where x is +infinity and alpha > 0, or -infinity and beta > 0; else 0. */
#define odl_is_inf odl_unary_alpha_beta
odl_kernel odl_is_inf_f32, odl_is_inf_f16;

/* beta x where x > 0, else alpha beta (exp(x) - 1). Error: 2.8 ULP. */
#define odl_selu odl_unary_alpha_beta
odl_kernel odl_selu_f32, odl_selu_f16;

/* x + beta where x < -alpha, x - beta where x > alpha, else 0. */
#define odl_shrink odl_unary_alpha_beta
odl_kernel odl_shrink_f32, odl_shrink_f16;

/* min(max(x, low[0]), high[0]). low and high may be NULL. NaN stays, or becomes, NaN. */
struct odl_clip {
    const void *x, *low, *high;
    void *y;
    int32_t n;
};
odl_kernel odl_clip_f32, odl_clip_f16, odl_clip_i8, odl_clip_u8, odl_clip_i32, odl_clip_i64;

#endif
