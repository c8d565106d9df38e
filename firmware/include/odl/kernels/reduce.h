/* Reductions and what is made of them. */
#ifndef ODL_KERNELS_REDUCE_H
#define ODL_KERNELS_REDUCE_H

#include "odl/kernels/common.h"

/*
 * y[i] = a reduction over the loop nest `reduced` of x[i . stride + j . reduced_stride], i over the
 * loop nest dims; y is dense. Integers wrap. Error of a sum of n elements: gamma(n) times the sum
 * of their magnitudes, and of the mean gamma(n + 2) times their mean. Not in place.
 */
struct odl_reduce {
    const void *x;
    void *y;
    int32_t dims[ODL_RANK], stride[ODL_RANK], reduced[ODL_RANK], reduced_stride[ODL_RANK];
};

/* The sum. */
#define odl_reduce_sum odl_reduce
odl_kernel odl_reduce_sum_f32, odl_reduce_sum_f16, odl_reduce_sum_i32, odl_reduce_sum_i64;

/* The mean. */
#define odl_reduce_mean odl_reduce
odl_kernel odl_reduce_mean_f32, odl_reduce_mean_f16;

/* The product. Error: gamma(n) |y|. */
#define odl_reduce_prod odl_reduce
odl_kernel odl_reduce_prod_f32, odl_reduce_prod_f16, odl_reduce_prod_i32, odl_reduce_prod_i64;

/* The largest, NaN above all. */
#define odl_reduce_max odl_reduce
odl_kernel odl_reduce_max_f32, odl_reduce_max_f16, odl_reduce_max_i8, odl_reduce_max_u8,
    odl_reduce_max_i32, odl_reduce_max_i64, odl_reduce_max_b8;

/* The smallest, NaN below all. */
#define odl_reduce_min odl_reduce
odl_kernel odl_reduce_min_f32, odl_reduce_min_f16, odl_reduce_min_i8, odl_reduce_min_u8,
    odl_reduce_min_i32, odl_reduce_min_i64, odl_reduce_min_b8;

/* The sum of |x|. */
#define odl_reduce_l1 odl_reduce
odl_kernel odl_reduce_l1_f32, odl_reduce_l1_f16;

/* The root of the sum of x^2. Error: gamma(n + 2) |y|. */
#define odl_reduce_l2 odl_reduce
odl_kernel odl_reduce_l2_f32, odl_reduce_l2_f16;

/* The sum of x^2. Error: gamma(n + 1) y. */
#define odl_reduce_sum_square odl_reduce
odl_kernel odl_reduce_sum_square_f32, odl_reduce_sum_square_f16, odl_reduce_sum_square_i32,
    odl_reduce_sum_square_i64, odl_reduce_sum_square_f16_f32;

/* The logarithm of the sum. */
#define odl_reduce_log_sum odl_reduce
odl_kernel odl_reduce_log_sum_f32, odl_reduce_log_sum_f16;

/* y[o][:][i] = softmax(x[o][:][i]) over n elements; the largest is subtracted first. */
struct odl_softmax {
    const void *x;
    void *y;
    int32_t outer, n, inner;
};
odl_kernel odl_softmax_f32, odl_softmax_f16;

/* The logarithm of that. Error: that of the sum of n terms, and 4 roundings. */
#define odl_log_softmax odl_softmax
odl_kernel odl_log_softmax_f32, odl_log_softmax_f16;

/*
 * each[o][i] = -sum over c of t[c] * log_softmax(z[o][:][i])[c], where t is `on` at the class
 * label[o][i], int32, and `off` at all others; 0 where that is below 0. Error: that of log_softmax
 * and of a sum of n terms.
 */
struct odl_cross_entropy {
    const void *z, *label;
    void *each;
    int32_t outer, n, inner;
    float on, off;
};
odl_kernel odl_cross_entropy_f32;

/*
 * The gradient of that: dz[o][c][i] = dy[o][i] * (softmax(z[o][:][i])[c] * sum of t - t[c]); 0
 * where the label is below 0. dz may stand where z stands. Error: that of softmax, and 6 roundings
 * of either term.
 */
struct odl_cross_entropy_grad {
    const void *dy, *z, *label;
    void *dz;
    int32_t outer, n, inner;
    float on, off;
};
odl_kernel odl_cross_entropy_grad_f32;

/*
 * The mean of those of n elements whose label, int32, is not below 0; 0 if there is none. Error:
 * gamma(n + 2) times the mean of their magnitudes.
 */
struct odl_masked_mean {
    const void *each, *label;
    void *y;
    int32_t n;
};
odl_kernel odl_masked_mean_f32;

/* The gradient of that: dy[0] over the number of them, and 0 at the others. Error: 2 roundings. */
struct odl_masked_mean_grad {
    const void *dy, *label;
    void *dx;
    int32_t n;
};
odl_kernel odl_masked_mean_grad_f32;

/*
 * y[o][i] = index of the largest of x[o][:][i], NaN above all; of equal ones the first, or the
 * last. Not in place.
 */
struct odl_argmax {
    const void *x;
    void *y;
    int32_t outer, n, inner, last;
};
odl_kernel odl_argmax_f32, odl_argmax_f16, odl_argmax_i8, odl_argmax_u8, odl_argmax_i32,
    odl_argmax_i64;

/* The index of the smallest, NaN below all. */
#define odl_argmin odl_argmax
odl_kernel odl_argmin_f32, odl_argmin_f16, odl_argmin_i8, odl_argmin_u8, odl_argmin_i32,
    odl_argmin_i64;

/*
 * y = (x - mean) / sqrt(variance + epsilon) * scale[n] + bias[n] for each of the rows x[rows][n];
 * the mean is taken as 0 without `centre`. scale and bias may be NULL. Where they are not NULL,
 * mean[rows] and inv_std[rows] receive the statistics.
 */
struct odl_layer_norm {
    const void *x, *scale, *bias;
    void *y, *mean, *inv_std;
    int32_t rows, n, centre;
    float epsilon;
};
odl_kernel odl_layer_norm_f32, odl_layer_norm_f16;

#endif
