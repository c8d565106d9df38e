/* Matrix products. */
#ifndef ODL_KERNELS_MATMUL_H
#define ODL_KERNELS_MATMUL_H

#include "odl/kernels/common.h"

/*
 * y[t][i][j] = alpha * sum_k a[t][i][k] * b[t][k][j] + beta * bias[i][j] for t in the loop nest
 * batch. a and b walk t by *_batch and their matrices by *_stride, bias too; y is dense, bias may
 * be NULL. An addend that is not NULL stands as y does, is added too, and may be y. With relu what
 * is negative becomes 0. Error of an element: gamma(k + 4) * (|alpha| |a| |b| + |beta| |bias| +
 * |addend|). Not in place of a, b or bias.
 */
struct odl_matmul {
    const void *a, *b, *bias, *addend;
    void *y;
    int32_t m, k, n;
    int32_t a_stride[2], b_stride[2], bias_stride[2];
    float alpha, beta;
    int32_t batch[ODL_RANK], a_batch[ODL_RANK], b_batch[ODL_RANK];
    int32_t relu;
};
odl_kernel odl_matmul_f32, odl_matmul_f16;

/*
 * y[m][n] = w[m][n] + sum over k of a[m][k] b[k][n], the sum first. y must not overlap w. Error:
 * gamma(k + 1) (|w| + |a| |b|).
 */
struct odl_add_low_rank {
    const void *w, *a, *b;
    void *y;
    int32_t m, k, n;
};
odl_kernel odl_add_low_rank_f32, odl_add_low_rank_f16;

#endif
