/*
 * Reductions to a single-precision sum on PULP cores. REDUCE_XPULP(reduce_mean, f32, float, RUN,
 * sum / n) calls RUN(sum, from, n, step) for each run of elements `step` apart, and ends with the
 * expression.
 */
#ifndef ODL_REDUCE_XPULP_H
#define ODL_REDUCE_XPULP_H

#include "xpulp_lanes.h"

/* A run whose elements are taken into %[sum], four at a time. LENGTH is as in ODL_LANES. */
#define ODL_SUM_RUN(NAME, LOAD, SIZE, WIDEN, ADD, LENGTH)                                          \
    static float NAME(float sum, const void *from, int32_t n, int32_t step) {                      \
        uint32_t v0, v1, v2, v3;                                                                   \
        if (n >= 4) {                                                                              \
            __asm__ volatile(                                                                      \
                XPULP_LOOP("%[n]", XPULP_TEXT(4 * (LENGTH))) XPULP_WIDE(                           \
                    LOAD("%[v0]", "%[x]", "%[step]") LOAD("%[v1]", "%[x]", "%[step]")              \
                        LOAD("%[v2]", "%[x]", "%[step]") LOAD("%[v3]", "%[x]", "%[step]")          \
                            WIDEN("%[v0]") WIDEN("%[v1]") WIDEN("%[v2]") WIDEN("%[v3]")            \
                                ADD("%[v0]") ADD("%[v1]") ADD("%[v2]") ADD("%[v3]"))               \
                : [x] "+r"(from), [sum] "+r"(sum), [v0] "=&r"(v0), [v1] "=&r"(v1), [v2] "=&r"(v2), \
                  [v3] "=&r"(v3)                                                                   \
                : [n] "r"(n / 4), [step] "r"(step * (SIZE))                                        \
                : "memory");                                                                       \
        }                                                                                          \
        if (n & 3) {                                                                               \
            __asm__ volatile(XPULP_LOOP("%[n]", XPULP_TEXT(LENGTH)) XPULP_WIDE(                    \
                                 LOAD("%[v0]", "%[x]", "%[step]") WIDEN("%[v0]") ADD("%[v0]"))     \
                             : [x] "+r"(from), [sum] "+r"(sum), [v0] "=&r"(v0)                     \
                             : [n] "r"(n & 3), [step] "r"(step * (SIZE))                           \
                             : "memory");                                                          \
        }                                                                                          \
        return sum;                                                                                \
    }

#define XPULP_NO_WIDEN(v) ""
#define XPULP_WIDEN(v) "fcvt.s.h " v ", " v "\n"
#define XPULP_SUM(v) "fadd.s %[sum], %[sum], " v "\n"
#define XPULP_SUM_SQUARE(v) "fmadd.s %[sum], " v ", " v ", %[sum]\n"

#define REDUCE_XPULP(KERNEL, SUFFIX, T, RUN, END)                                                  \
    void odl_##KERNEL##_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                 \
        const struct odl_reduce *p = args;                                                         \
        const int32_t last = ODL_RANK - 1, run = p->reduced[last], step = p->reduced_stride[last]; \
        const int32_t n = odl_nest_size(p->reduced), all = odl_nest_size(p->dims);                 \
        const int is_row = all == p->dims[last];                                                   \
        T *y = p->y;                                                                               \
        const struct odl_range r = odl_share(all, 1, core.id, core.count);                         \
        int32_t i[ODL_RANK] = {0};                                                                 \
        i[last] = r.begin;                                                                         \
        if (!is_row) {                                                                             \
            odl_nest_seek(i, p->dims, r.begin);                                                    \
        }                                                                                          \
        for (int32_t at = r.begin; at < r.end; at++) {                                             \
            const T *base =                                                                        \
                (const T *)p->x + (is_row ? at * p->stride[last] : odl_nest_offset(i, p->stride)); \
            float sum = RUN(0.0f, base, run, step);                                                \
            if (n != run) {                                                                        \
                int32_t j[ODL_RANK] = {0};                                                         \
                for (int32_t done = run; done < n; done += run) {                                  \
                    odl_nest_advance(j, p->reduced, run);                                          \
                    sum = RUN(sum, base + odl_nest_offset(j, p->reduced_stride), run, step);       \
                }                                                                                  \
            }                                                                                      \
            y[at] = (T)(END);                                                                      \
            if (!is_row) {                                                                         \
                odl_nest_advance(i, p->dims, 1);                                                   \
            }                                                                                      \
        }                                                                                          \
    }

#endif
