/* Quantised numbers: to and from floats, and integer arithmetic between them. */
#ifndef ODL_KERNELS_QUANTISED_H
#define ODL_KERNELS_QUANTISED_H

#include "odl/kernels/common.h"

/*
 * y = round(x / scale) + zero, halves to even, saturated; NaN becomes the least value. Element
 * [o][c][i] of [outer][length][inner] has the scale and zero point at
 * o * stride[0] + c / block * stride[1] + i * stride[2]. zero may be NULL. Not in place.
 */
struct odl_quantize {
    const void *x, *scale, *zero;
    void *y;
    int32_t outer, length, inner, block, stride[3];
};
odl_kernel odl_quantize_f32_i8, odl_quantize_f32_u8, odl_quantize_f16_i8, odl_quantize_f16_u8;

/* y = (x - zero) * scale, with the scales where odl_quantize has them. Not in place. */
struct odl_dequantize {
    const void *x, *scale, *zero;
    void *y;
    int32_t outer, length, inner, block, stride[3];
};
odl_kernel odl_dequantize_i8_f32, odl_dequantize_u8_f32, odl_dequantize_i32_f32;
odl_kernel odl_dequantize_i8_f16, odl_dequantize_u8_f16, odl_dequantize_i32_f16;

/*
 * Convolution in integers: sum = bias[o] + w * x over a window, y = round(sum * multiplier[o]) +
 * zero between low and high, halves to even, with sum * multiplier in single precision. x[batch]
 * [in_c][in_hw] has the value x_zero outside. w, of 8 or 16 bits and without zero point, has in
 * each group blocks [size][in_c / groups][4] of four output channels, and [size][in_c / groups] for
 * each that is left over; bias[out_c] contains -x_zero times the sum of each filter. Where
 * multiplier is NULL, y is the sums, of 32 bits. Not in place.
 */
struct odl_q_conv2d {
    const void *x, *w, *bias, *multiplier;
    void *y;
    int32_t batch, groups;
    int32_t in_c, in_hw[2];
    int32_t out_c, out_hw[2];
    int32_t size[2], stride[2], dilation[2], pad[2];
    int32_t x_zero, zero, low, high;
};
odl_kernel odl_q_conv2d_i8_i8, odl_q_conv2d_i8_i16, odl_q_conv2d_u8_i8, odl_q_conv2d_u8_i16;

/*
 * Product in integers: y[t][i][j] = round((bias[j] + sum_k a[t][i][k] * b[k][j]) *
 * multiplier[j * multiplier_stride]) + zero, as odl_q_conv2d rounds it; the zero point of a is in
 * the bias, b has none. b is constant: blocks [k][4] of four columns, then [k] for each that is
 * left over. bias may be NULL. t is as in odl_matmul, y dense in it. Not in place.
 */
struct odl_q_matmul {
    const void *a, *b, *bias, *multiplier;
    void *y;
    int32_t m, k, n;
    int32_t a_stride[2], b_stride[2], y_stride[2], multiplier_stride;
    int32_t batch[ODL_RANK], a_batch[ODL_RANK], b_batch[ODL_RANK];
    int32_t a_zero, b_zero, zero, low, high;
};
odl_kernel odl_q_matmul_i8_i8, odl_q_matmul_i8_i16, odl_q_matmul_u8_i8, odl_q_matmul_u8_i16;

/* The same with a - a_zero for a and b[t] - b_zero for b, which is walked by its strides. */
#define odl_q_matmul_pair odl_q_matmul
odl_kernel odl_q_matmul_pair_i8_i8, odl_q_matmul_pair_i8_u8;
odl_kernel odl_q_matmul_pair_u8_i8, odl_q_matmul_pair_u8_u8;

/*
 * y = round(shift + a * a_ratio + b * b_ratio) between low and high, halves to even, over the loop
 * nest dims; the zero points are in shift. In single precision: gamma(8) of the sizes.
 */
struct odl_q_add {
    const void *a, *b;
    void *y;
    int32_t dims[ODL_RANK], a_stride[ODL_RANK], b_stride[ODL_RANK];
    float a_ratio, b_ratio, shift;
    int32_t low, high;
};
odl_kernel odl_q_add_i8, odl_q_add_u8;

/* y = round((a - a_zero) * (b - b_zero) * ratio + zero) between low and high. */
struct odl_q_mul {
    const void *a, *b;
    void *y;
    int32_t dims[ODL_RANK], a_stride[ODL_RANK], b_stride[ODL_RANK];
    float ratio;
    int32_t a_zero, b_zero, zero, low, high;
};
odl_kernel odl_q_mul_i8, odl_q_mul_u8;

/*
 * y = round(sum of (x - x_zero) * ratio / taps) + zero between low and high over the windows of
 * odl_average_pool. Not in place.
 */
struct odl_q_average_pool {
    const void *x;
    void *y;
    int32_t maps, in_dhw[3], out_dhw[3];
    int32_t size[3], stride[3], dilation[3], pad[3], end[3];
    int32_t count_padding;
    float ratio;
    int32_t x_zero, zero, low, high;
};
odl_kernel odl_q_average_pool_i8, odl_q_average_pool_u8;

/* y = round(sum of (x - x_zero) * multiplier) + zero over the nests of odl_reduce. Not in place. */
struct odl_q_reduce_mean {
    const void *x;
    void *y;
    int32_t dims[ODL_RANK], stride[ODL_RANK], reduced[ODL_RANK], reduced_stride[ODL_RANK];
    float multiplier;
    int32_t x_zero, zero, low, high;
};
odl_kernel odl_q_reduce_mean_i8, odl_q_reduce_mean_u8;

/* y[i] = table[x[i]], x taken as a byte without sign. */
struct odl_q_table {
    const void *x, *table;
    void *y;
    int32_t n;
};
odl_kernel odl_q_table_b8;

/*
 * Product with quantised weights, sums in single precision: y[i][j] = bias[j] + sum over blocks of
 * scale[j][block] * sum_k x[i][k] * (w[j][k] - zero[j][block]). Rows of w are k bytes with a sign;
 * with nibbles they are (k + 1) / 2 bytes of two numbers without one, the first in the low bits.
 * scale is float, zero is int8_t; zero and bias may be NULL. Error: gamma(2 k + 4) * (|x| |w| +
 * |bias|). Not in place.
 */
struct odl_w_matmul {
    const void *x, *w, *scale, *zero, *bias;
    void *y;
    int32_t m, k, n;
    int32_t x_stride[2];
    int32_t block, nibbles;
};
odl_kernel odl_w_matmul_f32, odl_w_matmul_f16;

#endif
