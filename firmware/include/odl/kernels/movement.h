/* Kernels that move and convert elements. */
#ifndef ODL_KERNELS_MOVEMENT_H
#define ODL_KERNELS_MOVEMENT_H

#include "odl/kernels/common.h"

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

/* y[i] = condition[i . condition_stride] ? a[i . a_stride] : b[i . b_stride]; y is dense. */
struct odl_where {
    const void *condition, *a, *b;
    void *y;
    int32_t dims[ODL_RANK], condition_stride[ODL_RANK], a_stride[ODL_RANK], b_stride[ODL_RANK];
};
odl_kernel odl_where_b8, odl_where_b16, odl_where_b32, odl_where_b64;

/* Bit i of y[j] = x[8 j + i] > 0; bits behind the last element are 0. y must not overlap x. */
struct odl_positive_bits {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_positive_bits_f32, odl_positive_bits_f16;

/* y[8 j + i] = x[8 j + i] where bit i of bits[j] is set, else 0. */
struct odl_keep_by_bits {
    const void *x, *bits;
    void *y;
    int32_t n;
};
odl_kernel odl_keep_by_bits_b16, odl_keep_by_bits_b32;

/* y[t][i][j] = x[t][i][j] where j - i >= k if upper, or j - i <= k if not; else 0. */
struct odl_trilu {
    const void *x;
    void *y;
    int32_t batch, rows, columns, k, upper;
};
odl_kernel odl_trilu_b8, odl_trilu_b16, odl_trilu_b32, odl_trilu_b64;

/* memory_next = memory [rows][length], whose row slot[0], if there is one, is `row`. */
struct odl_put {
    const void *memory, *row, *slot;
    void *memory_next;
    int32_t rows, length;
};
odl_kernel odl_put_b8, odl_put_b16, odl_put_b32, odl_put_b64;

/* y[0] = h(seed + 0x9E3779B9 (at[0] + 1)) modulo bound[0], by the generator of odl/adapt; 0 below a
 * bound of 1. */
struct odl_draw {
    const void *at, *bound;
    void *y;
    int32_t seed;
};
odl_kernel odl_draw_i32;

/* y[i] = (type)x[i]. Floats go to integers towards zero and saturate, NaN to 0. Not in place. */
struct odl_cast {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_cast_f32_f16, odl_cast_f32_i8, odl_cast_f32_u8, odl_cast_f32_i32, odl_cast_f32_i64,
    odl_cast_f32_b8;
odl_kernel odl_cast_f16_f32, odl_cast_f16_i8, odl_cast_f16_u8, odl_cast_f16_i32, odl_cast_f16_i64,
    odl_cast_f16_b8;
odl_kernel odl_cast_i8_f32, odl_cast_i8_f16, odl_cast_i8_u8, odl_cast_i8_i32, odl_cast_i8_i64,
    odl_cast_i8_b8;
odl_kernel odl_cast_u8_f32, odl_cast_u8_f16, odl_cast_u8_i8, odl_cast_u8_i32, odl_cast_u8_i64,
    odl_cast_u8_b8;
odl_kernel odl_cast_i32_f32, odl_cast_i32_f16, odl_cast_i32_i8, odl_cast_i32_u8, odl_cast_i32_i64,
    odl_cast_i32_b8;
odl_kernel odl_cast_i64_f32, odl_cast_i64_f16, odl_cast_i64_i8, odl_cast_i64_u8, odl_cast_i64_i32,
    odl_cast_i64_b8;
odl_kernel odl_cast_b8_f32, odl_cast_b8_f16, odl_cast_b8_i8, odl_cast_b8_u8, odl_cast_b8_i32,
    odl_cast_b8_i64;

#endif
