/* Rounding to whole numbers without a C library. */
#ifndef ODL_ROUND_H
#define ODL_ROUND_H

/* The nearest whole number, of two the even one. 2^23 has no room for a fraction behind it. */
static inline float odl_whole(float x) {
    const float a = __builtin_fabsf(x);
    volatile float shifted = a + 0x1p23f; /* or the two would cancel under -ffast-math */
    return a < 0x1p23f ? __builtin_copysignf(shifted - 0x1p23f, x) : x;
}

#endif
