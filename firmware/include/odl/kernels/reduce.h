/* Reductions and what is made of them. */
#ifndef ODL_KERNELS_REDUCE_H
#define ODL_KERNELS_REDUCE_H

#include "odl/kernels/common.h"

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
