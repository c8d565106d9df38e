/* Kernels that follow indices which the model computes. */
#ifndef ODL_KERNELS_GATHER_H
#define ODL_KERNELS_GATHER_H

#include "odl/kernels/common.h"

/*
 * y[i] = x[i . x_stride + sum over k < depth of index[i . index_stride + k] * step[k]] over the
 * loop nest dims; y is dense. Indices are int64 (wide) or int32. A negative one counts from the
 * end of its axis of size[k]; one outside is replaced by the nearest inside. Not in place.
 */
struct odl_gather {
    const void *x, *index;
    void *y;
    int32_t dims[ODL_RANK], x_stride[ODL_RANK], index_stride[ODL_RANK];
    int32_t wide, depth, size[ODL_RANK], step[ODL_RANK];
};
odl_kernel odl_gather_b8, odl_gather_b16, odl_gather_b32, odl_gather_b64;

/* What scattering does with an element and its update. */
enum odl_reduction { ODL_REPLACE, ODL_ADD, ODL_MUL, ODL_MIN, ODL_MAX };

/*
 * y = x, of n elements; then for i in order over the loop nest dims, with update dense,
 * y[i . y_stride + sum over k < depth of index[i . index_stride + k] * step[k]] = update[i].
 * Indices as in odl_gather, but an update with one that is outside is dropped. y may be x.
 */
struct odl_scatter {
    const void *x, *index, *update;
    void *y;
    int32_t n;
    int32_t dims[ODL_RANK], y_stride[ODL_RANK], index_stride[ODL_RANK];
    int32_t wide, depth, size[ODL_RANK], step[ODL_RANK];
    int32_t reduction; /* enum odl_reduction */
};
odl_kernel odl_scatter_b8, odl_scatter_b16, odl_scatter_b32, odl_scatter_b64;

/* The same with a reduction of element and update. Error of K of them: gamma(K) * their size. */
#define odl_scatter_reduce odl_scatter
odl_kernel odl_scatter_reduce_f32, odl_scatter_reduce_f16;
odl_kernel odl_scatter_reduce_i8, odl_scatter_reduce_u8;
odl_kernel odl_scatter_reduce_i32, odl_scatter_reduce_i64;

/*
 * y = x over [batch][outer][n][inner], but y[b][o][start[b] + s] = update[b][o][s] for s < length.
 * start (int64) may be NULL, then 0. What falls behind the end wraps around if circular, or is
 * dropped. y may be x.
 */
struct odl_tensor_scatter {
    const void *x, *update, *start;
    void *y;
    int32_t batch, outer, n, length, inner, circular;
};
odl_kernel odl_tensor_scatter_b8, odl_tensor_scatter_b16;
odl_kernel odl_tensor_scatter_b32, odl_tensor_scatter_b64;

/*
 * y[o][d][i] = values[1] where index[o][i] is d or d - depth, else values[0]; d < depth. Indices
 * are int64 (wide) or int32. Not in place.
 */
struct odl_one_hot {
    const void *index, *values;
    void *y;
    int32_t outer, depth, inner, wide;
};
odl_kernel odl_one_hot_b8, odl_one_hot_b16, odl_one_hot_b32, odl_one_hot_b64;

/*
 * y[b][t] = x[b][lengths[b] - 1 - t] for t < lengths[b] (int64, clamped to 0..time), else x[b][t];
 * the dimensions are [batch][time][inner], or [time][batch][inner] unless batch_first. Not in
 * place.
 */
struct odl_reverse_sequence {
    const void *x, *lengths;
    void *y;
    int32_t batch, time, inner, batch_first;
};
odl_kernel odl_reverse_sequence_b8, odl_reverse_sequence_b16;
odl_kernel odl_reverse_sequence_b32, odl_reverse_sequence_b64;

#endif
