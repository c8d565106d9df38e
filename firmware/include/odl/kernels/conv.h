/* Convolutions. */
#ifndef ODL_KERNELS_CONV_H
#define ODL_KERNELS_CONV_H

#include "odl/kernels/common.h"

/*
 * Convolution: x[batch][in_c][in_hw], w[out_c][in_c / groups][size], y[batch][out_c][out_hw]; pad
 * is (top, left); bias[out_c] may be NULL. An addend that is not NULL stands as y does, is added
 * too, and may be y. With relu what is negative becomes 0. Error: gamma(K + 2) * (|w| * |x| +
 * |bias| + |addend|) with K = in_c / groups * size. Padding is skipped, not multiplied. Not in
 * place of x.
 */
struct odl_conv2d {
    const void *x, *w, *bias, *addend;
    void *y;
    int32_t batch, groups;
    int32_t in_c, in_hw[2];
    int32_t out_c, out_hw[2];
    int32_t size[2], stride[2], dilation[2], pad[2];
    int32_t relu;
};
odl_kernel odl_conv2d_f32, odl_conv2d_f16, odl_conv2d_f32_i8;

/* The same where groups == in_c: each input channel has out_c / in_c filters of its own. */
#define odl_conv2d_depthwise odl_conv2d
odl_kernel odl_conv2d_depthwise_f32, odl_conv2d_depthwise_f16;

/*
 * Transposed convolution: w[in_c][out_c / groups][size], the rest as above, in three dimensions;
 * pad is what is cut off before the result. K = in_c / groups * size. The taps of an element are
 * summed kernel position by kernel position.
 */
struct odl_conv_transpose {
    const void *x, *w, *bias, *addend;
    void *y;
    int32_t batch, groups;
    int32_t in_c, in_dhw[3];
    int32_t out_c, out_dhw[3];
    int32_t size[3], stride[3], dilation[3], pad[3];
    int32_t relu;
};
odl_kernel odl_conv_transpose_f32, odl_conv_transpose_f16;

/*
 * Gradient of conv2d's weights: dw[out_c][in_c / groups][size] = sum over images and positions of
 * dy[batch][out_c][out_hw] * x[batch][in_c][in_hw]. Error: gamma(K + 1) * sum |dy| |x|, K = batch *
 * out_hw. Not in place.
 */
struct odl_conv2d_grad_weight {
    const void *x, *dy;
    void *dw;
    int32_t batch, groups;
    int32_t in_c, in_hw[2];
    int32_t out_c, out_hw[2];
    int32_t size[2], stride[2], dilation[2], pad[2];
};
odl_kernel odl_conv2d_grad_weight_f32, odl_conv2d_grad_weight_f16;

/*
 * A copy with room for windows: y[n][out_rows][phases][pitch] of x[n][rows][columns]. Element
 * (r, f, t) is that in row r - top and column t * phases + f - left, or 0 where x has none: with as
 * many phases as a window's stride, what a tap meets is contiguous. Not in place.
 */
struct odl_planes {
    const void *x;
    void *y;
    int32_t n, rows, columns;
    int32_t top, left;
    int32_t out_rows, phases, pitch;
};
odl_kernel odl_planes_b16, odl_planes_b32;

/*
 * Convolution of planes x[batch][in_c][in_rows][stride[1]][pitch]: tap (i, j) of output (r, t)
 * is in row begin[0] + r * stride[0] + i * dilation[0], if x has it, and at position j *
 * dilation[1] of those that the phases share out, begin[1] + t elements on. Weights of (group, out,
 * in, i, j) are at w_begin and their w_stride, output (channel, r, t) is at its y_stride. A size of
 * 0 leaves the bias and the addend alone. All windows of the output rows inside[0] to inside[1],
 * the last one not included, lie in x's rows; `met` rows of x, counted for each tap row and output
 * row, lie in x. `walk` are the axes of a sum from the innermost on, input channels and rows and
 * columns of taps: steps, and elements from one to the next of w and of x, where columns are not
 * dealt out to phases; rows_axis is which of them rows are. They are derived from the others.
 * Columns up to seven behind the last one may be read. The addend, relu and the error are as of
 * conv2d. Not in place of x.
 */
struct odl_conv2d_planes {
    const void *x, *w, *bias, *addend;
    void *y;
    int32_t batch, groups;
    int32_t in_c, in_rows, pitch;
    int32_t out_c, out_hw[2];
    int32_t size[2], stride[2], dilation[2], begin[2];
    int32_t w_begin, w_stride[5], y_stride[3];
    int32_t relu;
    int32_t inside[2], met;
    int32_t walk[9], rows_axis;
};
odl_kernel odl_conv2d_planes_f32, odl_conv2d_planes_f16;

/* The same where groups == in_c, of at most 96 taps: each channel has filters of its own. */
#define odl_conv2d_planes_depthwise odl_conv2d_planes
odl_kernel odl_conv2d_planes_depthwise_f32, odl_conv2d_planes_depthwise_f16;

/*
 * Gradient of conv2d_planes' weights, dense: dw[out_c][in_c / groups][size], from dy[batch][out_c]
 * [out_hw[0]][dy_pitch] and the x that has been convolved. Where out_hw[1] is odd, dy and x have a
 * column more: dy's is 0, x's finite. With by_rows no tap lies outside x's rows. Error: gamma(K +
 * 1)
 * * sum |dy| |x|, K = batch * out_hw. Not in place.
 */
struct odl_conv2d_planes_grad_weight {
    const void *x, *dy;
    void *dw;
    int32_t batch, groups;
    int32_t in_c, in_rows, pitch;
    int32_t out_c, out_hw[2], dy_pitch;
    int32_t size[2], stride[2], dilation[2], begin[2];
    int32_t by_rows; /* a hint: kernel rows rather than channels stand side by side in blocks */
};
odl_kernel odl_conv2d_planes_grad_weight_f32, odl_conv2d_planes_grad_weight_f16;

/*
 * The same where groups == in_c, of 3 x 3 taps that all lie in x's rows. Of dy a column behind the
 * last one may be read; it may be anything.
 */
#define odl_conv2d_planes_depthwise_grad_weight odl_conv2d_planes_grad_weight
odl_kernel odl_conv2d_planes_depthwise_grad_weight_f32, odl_conv2d_planes_depthwise_grad_weight_f16;

/*
 * Depthwise convolution of x[batch][in_hw][channels] to y[batch][out_hw][channels], of at most 96
 * taps. The weight of (channel, i, j) is at w_begin and w_stride, bias[channels] may be NULL; pad,
 * relu and the error are as of conv2d. An element behind x may be read. Not in place.
 */
struct odl_conv2d_hwc_depthwise {
    const void *x, *w, *bias;
    void *y;
    int32_t batch, channels;
    int32_t in_hw[2], out_hw[2];
    int32_t size[2], stride[2], dilation[2], pad[2];
    int32_t w_begin, w_stride[3];
    int32_t relu;
};
odl_kernel odl_conv2d_hwc_depthwise_f32, odl_conv2d_hwc_depthwise_f16;

/*
 * Gradient of conv2d_hwc_depthwise's weights, dense: dw[channels][size] = sum over images and
 * positions of dy[batch][out_hw][channels] * x[batch][in_hw][channels]. Error: gamma(K + 1) * sum
 * |dy| |x|, K = batch * out_hw. x may be multiplied by zeros for rows that dy does not have. Not in
 * place.
 */
struct odl_conv2d_hwc_depthwise_grad_weight {
    const void *x, *dy;
    void *dw;
    int32_t batch, channels;
    int32_t in_hw[2], out_hw[2];
    int32_t size[2], stride[2], dilation[2], pad[2];
};
odl_kernel odl_conv2d_hwc_depthwise_grad_weight_f32, odl_conv2d_hwc_depthwise_grad_weight_f16;

#endif
