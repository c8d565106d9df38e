/*
 * Every kernel: its argument struct, its shapes, and its functions.
 *
 * - A struct's fields are those of the kernel's NumPy definition in odl/ops, in the same order.
 * - Tensors are dense and row-major unless strides are given; strides and sizes are in elements.
 * - Loop nests have ODL_RANK dimensions, the unused ones first, with size 1 and stride 0.
 * - Names are odl_<kernel>_<types>[_<isa>]; types are f32, i8, u8, i32, i64, b8 (bool), and b8,
 *   b32, b64 for kernels that only move elements of so many bits.
 * - An operand that may be absent is NULL then.
 * - Unless a comment says otherwise, the output may stand where x (or a, or b) stands if their
 *   elements correspond, and the error is that of correctly rounded IEEE arithmetic.
 * - Sums run in one order, whatever the number of cores: results do not depend on it.
 */
#ifndef ODL_KERNELS_H
#define ODL_KERNELS_H

#include <stdint.h>

#include "odl/team.h"

#define ODL_RANK 6

/* y[i] = max(x[i], 0). NaN stays NaN. */
struct odl_relu {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_relu_f32;

/* y[i] = x[i] where x[i] >= 0, else alpha * x[i]. */
struct odl_leaky_relu {
    const void *x;
    void *y;
    int32_t n;
    float alpha;
};
odl_kernel odl_leaky_relu_f32;

/* y[i] = min(max(x[i], low[0]), high[0]). low and high may be NULL. NaN stays, or becomes, NaN. */
struct odl_clip {
    const void *x, *low, *high;
    void *y;
    int32_t n;
};
odl_kernel odl_clip_f32;

/* y[i] = 1 / (1 + exp(-x[i])), error in math.h. */
struct odl_sigmoid {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_sigmoid_f32;

/* y[i] = tanh(x[i]), error in math.h. */
struct odl_tanh {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_tanh_f32;

/* y[i] = sqrt(x[i]). */
struct odl_sqrt {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_sqrt_f32;

/* y[i] = a[i . a_stride] op b[i . b_stride] over the loop nest dims; y is dense. */
struct odl_binary {
    const void *a, *b;
    void *y;
    int32_t dims[ODL_RANK], a_stride[ODL_RANK], b_stride[ODL_RANK];
};
#define odl_add odl_binary
#define odl_sub odl_binary
#define odl_mul odl_binary
#define odl_div odl_binary
odl_kernel odl_add_f32, odl_sub_f32, odl_mul_f32, odl_div_f32;

/* y[o][c][i] = x[o][c][i] * scale[c] + shift[c]. */
struct odl_scale_shift {
    const void *x, *scale, *shift;
    void *y;
    int32_t outer, channels, inner;
};
odl_kernel odl_scale_shift_f32;

/* y[i . y_stride] = x[i . x_stride] over the loop nest dims. y must not overlap x. */
struct odl_copy {
    const void *x;
    void *y;
    int32_t dims[ODL_RANK], x_stride[ODL_RANK], y_stride[ODL_RANK];
};
odl_kernel odl_copy_b8, odl_copy_b16, odl_copy_b32, odl_copy_b64;

/*
 * y[i] = x[sum over the last `rank` axes a of table_a[i_a]]; where an entry is -1, y[i] = value[0]
 * (0 where value is NULL). table_a are the runs of `table`, one behind the other, each as long as
 * its axis. y is dense and must not overlap x.
 */
struct odl_take {
    const void *x;
    const void *table;
    const void *value;
    void *y;
    int32_t rank, dims[ODL_RANK];
};
odl_kernel odl_take_b8, odl_take_b16, odl_take_b32, odl_take_b64;

/* y[i] = (type)x[i]. Floats go to integers towards zero and saturate, NaN to 0. Not in place. */
struct odl_cast {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_cast_f32_i8, odl_cast_f32_u8, odl_cast_f32_i32, odl_cast_f32_i64, odl_cast_f32_b8;
odl_kernel odl_cast_i8_f32, odl_cast_i8_u8, odl_cast_i8_i32, odl_cast_i8_i64, odl_cast_i8_b8;
odl_kernel odl_cast_u8_f32, odl_cast_u8_i8, odl_cast_u8_i32, odl_cast_u8_i64, odl_cast_u8_b8;
odl_kernel odl_cast_i32_f32, odl_cast_i32_i8, odl_cast_i32_u8, odl_cast_i32_i64, odl_cast_i32_b8;
odl_kernel odl_cast_i64_f32, odl_cast_i64_i8, odl_cast_i64_u8, odl_cast_i64_i32, odl_cast_i64_b8;
odl_kernel odl_cast_b8_f32, odl_cast_b8_i8, odl_cast_b8_u8, odl_cast_b8_i32, odl_cast_b8_i64;

/*
 * y[t][i][j] = alpha * sum_k a[t][i][k] * b[t][k][j] + beta * bias[i][j] for t in the loop nest
 * batch. a and b walk t by *_batch and their matrices by *_stride, bias too; y is dense, bias may
 * be NULL. Error of an element: gamma(k + 3) * (|alpha| |a| |b| + |beta| |bias|). Not in place.
 */
struct odl_matmul {
    const void *a, *b, *bias;
    void *y;
    int32_t m, k, n;
    int32_t a_stride[2], b_stride[2], bias_stride[2];
    float alpha, beta;
    int32_t batch[ODL_RANK], a_batch[ODL_RANK], b_batch[ODL_RANK];
};
odl_kernel odl_matmul_f32;

/*
 * Convolution: x[batch][in_c][in_hw], w[out_c][in_c / groups][size], y[batch][out_c][out_hw]; pad
 * is (top, left); bias[out_c] may be NULL. Error: gamma(K + 1) * (|w| * |x| + |bias|) with
 * K = in_c / groups * size. Padding is skipped, not multiplied. Not in place.
 */
struct odl_conv2d {
    const void *x, *w, *bias;
    void *y;
    int32_t batch, groups;
    int32_t in_c, in_hw[2];
    int32_t out_c, out_hw[2];
    int32_t size[2], stride[2], dilation[2], pad[2];
};
odl_kernel odl_conv2d_f32;

/* The same where groups == in_c: each input channel has out_c / in_c filters of its own. */
#define odl_conv2d_depthwise odl_conv2d
odl_kernel odl_conv2d_depthwise_f32;

/*
 * Largest value of each window over x[maps][in_dhw], y[maps][out_dhw], and its flat index in x
 * (index may be NULL); each window reaches into x, and padding never wins; of equal values the
 * first counts, and NaN is the largest. column_major numbers the positions within a map with the
 * first axis fastest. Not in place.
 */
struct odl_max_pool {
    const void *x;
    void *y;
    void *index;
    int32_t maps, in_dhw[3], out_dhw[3];
    int32_t size[3], stride[3], dilation[3], pad[3];
    int32_t column_major;
};
odl_kernel odl_max_pool_f32;

/*
 * Mean of each window. The divisor counts the taps inside x, or with count_padding those inside
 * the frame that pad (before) and end (behind) make. Error: gamma(K + 1) * mean |x|, K taps. Not in
 * place.
 */
struct odl_average_pool {
    const void *x;
    void *y;
    int32_t maps, in_dhw[3], out_dhw[3];
    int32_t size[3], stride[3], dilation[3], pad[3], end[3];
    int32_t count_padding;
};
odl_kernel odl_average_pool_f32;

/*
 * y[i] = mean over the loop nest `reduced` of x[i . stride + j . reduced_stride], i over the loop
 * nest dims; y is dense. Error: gamma(n + 2) * mean |x|, n elements. Not in place.
 */
struct odl_reduce_mean {
    const void *x;
    void *y;
    int32_t dims[ODL_RANK], stride[ODL_RANK], reduced[ODL_RANK], reduced_stride[ODL_RANK];
};
odl_kernel odl_reduce_mean_f32;

/* y[o][:][i] = softmax(x[o][:][i]) over n elements; the largest is subtracted first. */
struct odl_softmax {
    const void *x;
    void *y;
    int32_t outer, n, inner;
};
odl_kernel odl_softmax_f32;

/*
 * y[o][i] = index of the largest of x[o][:][i], NaN above all; of equal ones the first, or the
 * last. Not in place.
 */
struct odl_argmax {
    const void *x;
    void *y;
    int32_t outer, n, inner, last;
};
odl_kernel odl_argmax_f32;

#endif
