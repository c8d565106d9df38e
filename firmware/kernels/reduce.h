/*
 * Reductions from three expressions: REDUCE_FLOATS(reduce_sum, 0.0f, sum + x, sum) begins with 0,
 * takes each element x into sum, and ends with sum over n elements. They run over the loop nest
 * p->reduced for each element of the nest p->dims.
 */
#ifndef ODL_REDUCE_H
#define ODL_REDUCE_H

#include "nest.h"

/* From elements of type T to results of type Y; most are of one type. */
#define REDUCE(KERNEL, SUFFIX, T, C, START, STEP, END)                                             \
    REDUCE_TO(KERNEL, SUFFIX, T, T, C, START, STEP, END)
#define REDUCE_TO(KERNEL, SUFFIX, T, Y, C, START, STEP, END)                                       \
    void odl_##KERNEL##_##SUFFIX(const void *args, struct odl_core core) {                         \
        const struct odl_reduce *p = args;                                                         \
        const int32_t last = ODL_RANK - 1;                                                         \
        const int32_t n = odl_nest_size(p->reduced), step = p->reduced_stride[last];               \
        Y *y = p->y;                                                                               \
        struct odl_range r = odl_split(odl_nest_size(p->dims), core);                              \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        for (int32_t at = r.begin; at < r.end; at++) {                                             \
            const T *base = (const T *)p->x + odl_nest_offset(i, p->stride);                       \
            int32_t j[ODL_RANK] = {0};                                                             \
            C sum = START;                                                                         \
            for (int32_t done = 0; done < n; done += p->reduced[last]) {                           \
                const T *from = base + odl_nest_offset(j, p->reduced_stride);                      \
                for (int32_t k = 0; k < p->reduced[last]; k++) {                                   \
                    const C x = (C)from[k * step];                                                 \
                    sum = (C)(STEP);                                                               \
                }                                                                                  \
                odl_nest_advance(j, p->reduced, p->reduced[last]);                                 \
            }                                                                                      \
            y[at] = (Y)(END);                                                                      \
            odl_nest_advance(i, p->dims, 1);                                                       \
        }                                                                                          \
    }

/* Half precision is summed up in single precision, where the compiler has it. */
#define REDUCE_F32(KERNEL, START, STEP, END) REDUCE(KERNEL, f32, float, float, START, STEP, END)
#ifdef __FLT16_MANT_DIG__
#define REDUCE_FLOATS(KERNEL, START, STEP, END)                                                    \
    REDUCE_F32(KERNEL, START, STEP, END)                                                           \
    REDUCE(KERNEL, f16, _Float16, float, START, STEP, END)
#else
#define REDUCE_FLOATS REDUCE_F32
#endif

/* Integers wrap: they are formed without a sign. */
#define REDUCE_WRAPPING(KERNEL, START, STEP)                                                       \
    REDUCE(KERNEL, i32, int32_t, uint32_t, START, STEP, sum)                                       \
    REDUCE(KERNEL, i64, int64_t, uint64_t, START, STEP, sum)

#endif
