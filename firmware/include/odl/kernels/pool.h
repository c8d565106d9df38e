/* Pooling. */
#ifndef ODL_KERNELS_POOL_H
#define ODL_KERNELS_POOL_H

#include "odl/kernels/common.h"

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
odl_kernel odl_max_pool_f32, odl_max_pool_f16, odl_max_pool_i8, odl_max_pool_u8;

/*
 * Gradient of max_pool: dx[maps][in_dhw] collects dy[maps][out_dhw] at the first largest element of
 * each window of x. Error: gamma(K) * sum |dy|, K windows over one element. Not in place.
 */
struct odl_max_pool_grad {
    const void *x, *dy;
    void *dx;
    int32_t maps, in_dhw[3], out_dhw[3];
    int32_t size[3], stride[3], dilation[3], pad[3];
};
odl_kernel odl_max_pool_grad_f32, odl_max_pool_grad_f16;

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
odl_kernel odl_average_pool_f32, odl_average_pool_f16;

#endif
