/*
 * Sums of halves on PULP cores: of each 16 that stand side by side, the even and the odd ones are
 * added up as pairs, in three rounds, and those two sums in single precision. So are 8 by 8 of two
 * runs that stand side by side.
 */
#ifndef ODL_XPULP_HALF_SUM_H
#define ODL_XPULP_HALF_SUM_H

#include "reduce_xpulp.h"

#define ADD_PAIR(to, from) XPULP_ADD("%[v" #to "]", "%[v" #to "]", "%[v" #from "]")
#define LOAD_PAIR(to) XPULP_LW("%[v" #to "]", "%[x]", "%[step]")

ODL_SUM_RUN(odl_half_sum_rest, XPULP_LH, 2, XPULP_WIDEN, XPULP_SUM, 3)

#define ADD_EIGHT                                                                                  \
    ADD_PAIR(0, 1)                                                                                 \
    ADD_PAIR(2, 3)                                                                                 \
    ADD_PAIR(4, 5)                                                                                 \
    ADD_PAIR(6, 7)                                                                                 \
    ADD_PAIR(0, 2)                                                                                 \
    ADD_PAIR(4, 6)                                                                                 \
    ADD_PAIR(0, 4)                                                                                 \
    "srli %[v1], %[v0], 16\n" XPULP_WIDEN("%[v0]") XPULP_WIDEN("%[v1]")
#define LOAD_EIGHT                                                                                 \
    LOAD_PAIR(0)                                                                                   \
    LOAD_PAIR(1)                                                                                   \
    LOAD_PAIR(2)                                                                                   \
    LOAD_PAIR(3)                                                                                   \
    LOAD_PAIR(4)                                                                                   \
    LOAD_PAIR(5)                                                                                   \
    LOAD_PAIR(6)                                                                                   \
    LOAD_PAIR(7)

/* Of two runs side by side, eight of each at a time, as pairs. */
static inline void odl_two_half_sums(float sums[2], const void *from, int32_t n, int32_t step) {
    float first = 0, second = 0;
    if (n >= 8) {
        uint32_t v0, v1, v2, v3, v4, v5, v6, v7;
        __asm__ volatile(XPULP_LOOP("%[n]", "20")
                             XPULP_WIDE(LOAD_EIGHT ADD_EIGHT "fadd.s %[first], %[first], %[v0]\n"
                                                             "fadd.s %[second], %[second], %[v1]\n")
                         : [x] "+r"(from), [first] "+r"(first), [second] "+r"(second),
                           [v0] "=&r"(v0), [v1] "=&r"(v1), [v2] "=&r"(v2), [v3] "=&r"(v3),
                           [v4] "=&r"(v4), [v5] "=&r"(v5), [v6] "=&r"(v6), [v7] "=&r"(v7)
                         : [n] "r"(n / 8), [step] "r"(2 * step)
                         : "memory");
    }
    const _Float16 *x = from;
    for (int32_t i = n & 7; i > 0; i--, x += step) {
        first += (float)x[0];
        second += (float)x[1];
    }
    sums[0] = first;
    sums[1] = second;
}

static float odl_half_sum(float sum, const void *from, int32_t n, int32_t step) {
    if (step == 1 && n >= 16) {
        uint32_t v0, v1, v2, v3, v4, v5, v6, v7;
        __asm__ volatile(
            XPULP_LOOP("%[n]", "20")
                XPULP_WIDE(LOAD_EIGHT ADD_EIGHT XPULP_SUM("%[v0]") XPULP_SUM("%[v1]"))
            : [x] "+r"(from), [sum] "+r"(sum), [v0] "=&r"(v0), [v1] "=&r"(v1), [v2] "=&r"(v2),
              [v3] "=&r"(v3), [v4] "=&r"(v4), [v5] "=&r"(v5), [v6] "=&r"(v6), [v7] "=&r"(v7)
            : [n] "r"(n / 16), [step] "r"(4)
            : "memory");
        n &= 15;
    }
    return odl_half_sum_rest(sum, from, n, step);
}

#endif
