/* Rounding of quantised numbers, and where their scales stand. */
#ifndef ODL_QUANTISED_H
#define ODL_QUANTISED_H

#include "odl/kernels.h"

/*
 * v between low and high, rounded, halves to even; NaN gives low. Both are whole and below 2^22:
 * then the low bits of v + 1.5 * 2^23 are those of the integer.
 */
static inline int32_t odl_round_within(float v, float low, float high) {
    union {
        float f;
        int32_t i;
    } bits;
    v = v > low ? v : low;
    v = v < high ? v : high;
    bits.f = v + 0x1.8p23f;
    return bits.i - 0x4b400000;
}

/* round(sum * multiplier) + zero between low and high, halves to even. */
static inline int32_t odl_requantise(int32_t sum, float multiplier, int32_t zero, int32_t low,
                                     int32_t high) {
    return odl_round_within((float)sum * multiplier, (float)(low - zero), (float)(high - zero)) +
           zero;
}

/* `n` elements of one row of [outer][length][inner], and the place of the first one's scale. */
struct odl_run {
    int32_t n, scale;
};

/* The run that begins with element `at` and ends with its row, or before `end`. */
static inline struct odl_run odl_run_at(int32_t at, int32_t end, int32_t length, int32_t inner,
                                        int32_t block, const int32_t stride[3]) {
    const int32_t row = at / inner, i = at % inner, left = end - at;
    const int32_t n = inner - i < left ? inner - i : left;
    const int32_t scale =
        row / length * stride[0] + row % length / block * stride[1] + i * stride[2];
    return (struct odl_run){n, scale};
}

#endif
