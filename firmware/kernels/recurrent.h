/* What the recurrent kernels have in common: a hidden unit's place, sums and activations. */
#ifndef ODL_RECURRENT_H
#define ODL_RECURRENT_H

#include "odl/kernels.h"
#include "odl/math.h"

static inline float odl_activate(int32_t kind, float v) {
    switch (kind) {
    case ODL_SIGMOID:
        return odl_sigmoidf(v);
    case ODL_TANH:
        return odl_tanhf(v);
    case ODL_RELU:
        return v < 0.0f ? 0.0f : v;
    case ODL_SOFTSIGN:
        return v / (1.0f + __builtin_fabsf(v));
    default:
        return odl_softplusf(v);
    }
}

/* Between -clip and clip, where there is one. */
static inline float odl_bounded(float v, float clip) {
    return clip > 0.0f && v > clip ? clip : clip > 0.0f && v < -clip ? -clip : v;
}

/* Sum of a[i] * b[i]; both are loaded to single precision. */
#define DOT(A, B, N, SUM)                                                                          \
    do {                                                                                           \
        for (int32_t dot_i = 0; dot_i < (N); dot_i++) {                                            \
            (SUM) += (float)(A)[dot_i] * (float)(B)[dot_i];                                        \
        }                                                                                          \
    } while (0)

/* Where a unit of the struct `a` stands: declares unit, batch, d, time, x, previous and next. */
#define UNIT(T, a, row)                                                                            \
    const int32_t unit = (row) % (a)->hidden, batch = (row) / (a)->hidden % (a)->batch;            \
    const int32_t d = (row) / ((a)->hidden * (a)->batch);                                          \
    const int32_t time = (a)->backward >> d & 1 ? (a)->steps - 1 - (a)->step : (a)->step;          \
    const T *x = (const T *)(a)->x + time * (a)->x_stride[0] + batch * (a)->x_stride[1];           \
    const int32_t all = (a)->directions * (a)->batch * (a)->hidden;                                \
    float *next = (float *)(a)->h + ((a)->step & 1) * all;                                         \
    const float *previous = (const float *)(a)->h + (~(a)->step & 1) * all + (row) - unit;

/* R h of one gate's row: the first step reads h0, which may be absent. */
#define RECUR(T, a, R, SUM)                                                                        \
    do {                                                                                           \
        if ((a)->step > 0) {                                                                       \
            DOT(R, previous, (a)->hidden, SUM);                                                    \
        } else if ((a)->h0) {                                                                      \
            DOT(R, (const T *)(a)->h0 + (row) - unit, (a)->hidden, SUM);                           \
        }                                                                                          \
    } while (0)

/* The unit's own h of the step before. */
#define OWN(T, a)                                                                                  \
    ((a)->step > 0 ? previous[unit] : (a)->h0 ? (float)((const T *)(a)->h0)[row] : 0.0f)

/* Keep the new h of a unit, and write it to the outputs that are wanted. */
#define KEEP(T, a, value)                                                                          \
    do {                                                                                           \
        next[row] = (value);                                                                       \
        if ((a)->y) {                                                                              \
            ((T *)(a)->y)[time * (a)->y_stride[0] + d * (a)->y_stride[1] +                         \
                          batch * (a)->y_stride[2] + unit] = (T)(value);                           \
        }                                                                                          \
        if ((a)->y_h) {                                                                            \
            ((T *)(a)->y_h)[row] = (T)(value);                                                     \
        }                                                                                          \
    } while (0)

#endif
