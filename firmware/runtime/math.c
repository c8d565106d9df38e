/* Elementary functions in single precision (math.h). */
#include "odl/math.h"

#include <stdint.h>

/* 2^n for -126 <= n <= 127. */
static float power_of_two(int32_t n) {
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/*
 * exp(x) = 2^n exp(r), |r| <= ln(2)/2. n ln(2) is taken off in two parts, the first of which has so
 * few bits that n times it is exact (Cody and Waite, 1980). exp(r) = 1 + r + r^2 q(r), q minimax of
 * degree 4: relative error 2^-28.2.
 */
float odl_expf(float x) {
    if (!(x > -104.0f)) {
        return x != x ? x : 0.0f;
    }
    if (x > 89.0f) {
        return __builtin_inff();
    }
    const int32_t n = (int32_t)(x * 1.44269502f + (x < 0.0f ? -0.5f : 0.5f));
    const float k = (float)n;
    const float high = x - k * 0.693359375f, low = k * -2.12194442e-4f;
    const float r = high - low;
    float q = 1.3950538e-3f;
    q = q * r + 8.368918e-3f;
    q = q * r + 4.1666206e-2f;
    q = q * r + 0.16666518f;
    q = q * r + 0.5f;
    const float e = 1.0f + (high + (r * r * q - low)); /* not r, which is rounded */
    /* In two steps, so that no factor overflows and a subnormal result is rounded once. */
    const int32_t half = n / 2;
    return e * power_of_two(half) * power_of_two(n - half);
}

/*
 * Near 0, x + x^3 p(x^2), p minimax of degree 4: relative error 2^-27.7. Elsewhere
 * 1 - 2 / (exp(2|x|) + 1), which loses nothing there.
 */
float odl_tanhf(float x) {
    const float a = x < 0.0f ? -x : x;
    if (a < 0.625f) {
        const float z = x * x;
        float p = -5.7049785e-3f;
        p = p * z + 2.0639079e-2f;
        p = p * z - 5.373971e-2f;
        p = p * z + 0.13331442f;
        p = p * z - 0.3333328f;
        return x + x * z * p;
    }
    const float y = 1.0f - 2.0f / (odl_expf(2.0f * a) + 1.0f);
    return x < 0.0f ? -y : y;
}

/* The exponential is taken of -|x|, so it never overflows. */
float odl_sigmoidf(float x) {
    const float e = odl_expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}
