/* Running sums, and order. */
#ifndef ODL_KERNELS_SCAN_H
#define ODL_KERNELS_SCAN_H

#include "odl/kernels/common.h"

/*
 * y[o][j][i] = sum, or product, of x[o][k][i] over k <= j; without k = j if exclusive, over k >= j
 * if reverse. Integers wrap around. Error: gamma(n) * that of |x|.
 */
struct odl_scan {
    const void *x;
    void *y;
    int32_t outer, n, inner, exclusive, reverse;
};
#define odl_cumsum odl_scan
#define odl_cumprod odl_scan
odl_kernel odl_cumsum_f32, odl_cumsum_f16, odl_cumsum_i32, odl_cumsum_i64;
odl_kernel odl_cumprod_f32, odl_cumprod_f16, odl_cumprod_i32, odl_cumprod_i64;

/*
 * y[o][:][i] = the k largest, or smallest, of x[o][:][i] in order, and index (int64, may be NULL)
 * their places; of equal ones the first comes first, NaN is the largest. At worst n * k steps.
 * Not in place.
 */
struct odl_topk {
    const void *x;
    void *y, *index;
    int32_t outer, n, inner, k, largest;
};
odl_kernel odl_topk_f32, odl_topk_f16, odl_topk_i8, odl_topk_u8, odl_topk_i32, odl_topk_i64;

#endif
