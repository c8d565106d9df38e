/*
 * Reductions to a single-precision sum on PULP cores. REDUCE_XPULP(reduce_mean, f32, float, RUN,
 * TWO, sum / n) calls RUN(sum, from, n, step) for each run of elements `step` apart, and ends with
 * the expression; TWO makes two sums of runs that stand side by side, or is NULL.
 */
#ifndef ODL_REDUCE_XPULP_H
#define ODL_REDUCE_XPULP_H

#include "xpulp_lanes.h"

/*
 * A run whose elements are taken into %[sum], four at a time. LENGTH is as in ODL_LANES; ADD may
 * read the constant %[c], which the function has as well if it is AROUND one.
 */
#define ODL_SUM_RUN(NAME, LOAD, SIZE, WIDEN, ADD, LENGTH)                                          \
    static float NAME(float sum, const void *from, int32_t n, int32_t step) {                      \
        ODL_SUM_BODY(LOAD, SIZE, WIDEN, ADD, LENGTH, 0.0f)                                         \
    }
#define ODL_SUM_AROUND(NAME, LOAD, SIZE, WIDEN, ADD, LENGTH)                                       \
    static float NAME(float sum, const void *from, int32_t n, int32_t step, float c) {             \
        ODL_SUM_BODY(LOAD, SIZE, WIDEN, ADD, LENGTH, c)                                            \
    }
#define ODL_SUM_BODY(LOAD, SIZE, WIDEN, ADD, LENGTH, C)                                            \
    uint32_t v0, v1, v2, v3;                                                                       \
    if (n >= 4) {                                                                                  \
        __asm__ volatile(XPULP_LOOP("%[n]", XPULP_TEXT(4 * (LENGTH))) XPULP_WIDE(                  \
                             LOAD("%[v0]", "%[x]", "%[step]") LOAD("%[v1]", "%[x]", "%[step]")     \
                                 LOAD("%[v2]", "%[x]", "%[step]") LOAD("%[v3]", "%[x]", "%[step]") \
                                     WIDEN("%[v0]") WIDEN("%[v1]") WIDEN("%[v2]") WIDEN("%[v3]")   \
                                         ADD("%[v0]") ADD("%[v1]") ADD("%[v2]") ADD("%[v3]"))      \
                         : [x] "+r"(from), [sum] "+r"(sum), [v0] "=&r"(v0), [v1] "=&r"(v1),        \
                           [v2] "=&r"(v2), [v3] "=&r"(v3)                                          \
                         : [n] "r"(n / 4), [step] "r"(step * (SIZE)), [c] "r"(C)                   \
                         : "memory");                                                              \
    }                                                                                              \
    if (n & 3) {                                                                                   \
        __asm__ volatile(XPULP_LOOP("%[n]", XPULP_TEXT(LENGTH)) XPULP_WIDE(                        \
                             LOAD("%[v0]", "%[x]", "%[step]") WIDEN("%[v0]") ADD("%[v0]"))         \
                         : [x] "+r"(from), [sum] "+r"(sum), [v0] "=&r"(v0)                         \
                         : [n] "r"(n & 3), [step] "r"(step * (SIZE)), [c] "r"(C)                   \
                         : "memory");                                                              \
    }                                                                                              \
    return sum;

typedef void odl_two_sums(float sums[2], const void *from, int32_t n, int32_t step);

#define XPULP_NO_WIDEN(v) ""
#define XPULP_SPLIT(a, b) "srli " b ", " a ", 16\n" XPULP_WIDEN(a) XPULP_WIDEN(b)
#define XPULP_NO_NARROW(v) ""
#define XPULP_SUM(v) "fadd.s %[sum], %[sum], " v "\n"
#define XPULP_SUM_SQUARE(v) "fmadd.s %[sum], " v ", " v ", %[sum]\n"

#define REDUCE_XPULP(KERNEL, SUFFIX, T, RUN, TWO, END)                                             \
    REDUCE_TO_XPULP(KERNEL, SUFFIX, T, T, RUN, TWO, END)
#define REDUCE_TO_XPULP(KERNEL, SUFFIX, T, Y, RUN, TWO, END)                                       \
    static __attribute__((noinline)) void KERNEL##_##SUFFIX##_nest(const struct odl_reduce *p,     \
                                                                   struct odl_range r) {           \
        const int32_t run = p->reduced[ODL_RANK - 1], step = p->reduced_stride[ODL_RANK - 1];      \
        const int32_t n = odl_nest_size(p->reduced);                                               \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        for (int32_t at = r.begin; at < r.end; at++) {                                             \
            const T *base = (const T *)p->x + odl_nest_offset(i, p->stride);                       \
            int32_t j[ODL_RANK] = {0};                                                             \
            float sum = 0.0f;                                                                      \
            for (int32_t done = 0; done < n; done += run) {                                        \
                sum = RUN(sum, base + odl_nest_offset(j, p->reduced_stride), run, step);           \
                odl_nest_advance(j, p->reduced, run);                                              \
            }                                                                                      \
            ((Y *)p->y)[at] = (Y)(END);                                                            \
            odl_nest_advance(i, p->dims, 1);                                                       \
        }                                                                                          \
    }                                                                                              \
    void odl_##KERNEL##_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                 \
        const struct odl_reduce *p = args;                                                         \
        const int32_t last = ODL_RANK - 1, n = p->reduced[last];                                   \
        if (!odl_nest_is_row(p->dims) || !odl_nest_is_row(p->reduced)) {                           \
            const int32_t all = odl_nest_size(p->dims);                                            \
            KERNEL##_##SUFFIX##_nest(p, odl_share(all, 1, core.id, core.count));                   \
            return;                                                                                \
        }                                                                                          \
        const struct odl_range r = odl_share(p->dims[last], 2, core.id, core.count);               \
        const T *x = (const T *)p->x + r.begin * p->stride[last];                                  \
        odl_two_sums *const two = TWO;                                                             \
        int32_t at = r.begin;                                                                      \
        for (float sums[2]; two && p->stride[last] == 1 && at + 1 < r.end; at += 2, x += 2) {      \
            two(sums, x, n, p->reduced_stride[last]);                                              \
            for (int i = 0; i < 2; i++) {                                                          \
                const float sum = sums[i];                                                         \
                ((Y *)p->y)[at + i] = (Y)(END);                                                    \
            }                                                                                      \
        }                                                                                          \
        for (; at < r.end; at++, x += p->stride[last]) {                                           \
            const float sum = RUN(0.0f, x, n, p->reduced_stride[last]);                            \
            ((Y *)p->y)[at] = (Y)(END);                                                            \
        }                                                                                          \
    }

#endif
