/* Elementary functions in single precision (math.h). */
#include "odl/math.h"

#include <float.h>
#include <stdint.h>

_Static_assert(FLT_EVAL_METHOD == 0, "the bounds hold where floats are rounded to float each time");

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
 * degree 4 (Remez, each coefficient rounded before the next is fitted): relative error 2^-28.2.
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
    float q = 1.3838877e-3f;
    q = q * r + 8.369192e-3f;
    q = q * r + 4.1668102e-2f;
    q = q * r + 0.16666517f;
    q = q * r + 0.49999994f;
    const float e = 1.0f + (high + (r * r * q - low)); /* not r, which is rounded */
    /* In two steps, so that no factor overflows and only the last product may be subnormal. */
    const int32_t half = n / 2;
    return e * power_of_two(half) * power_of_two(n - half);
}

/*
 * expm1(x) = 2^n expm1(r) + (2^n - 1) with n and r as in odl_expf; expm1(r) = r + r^2/2 + r^3 q(r),
 * q minimax of degree 4: relative error 2^-31.1.
 */
float odl_expm1f(float x) {
    if (!(x > -18.0f)) {
        return x != x ? x : -1.0f;
    }
    if (x > 40.0f) {
        return odl_expf(x);
    }
    const int32_t n = (int32_t)(x * 1.44269502f + (x < 0.0f ? -0.5f : 0.5f));
    const float k = (float)n;
    const float high = x - k * 0.693359375f, low = k * -2.12194442e-4f;
    const float r = high - low;
    float q = 1.9763348e-4f;
    q = q * r + 1.3932331e-3f;
    q = q * r + 8.333544e-3f;
    q = q * r + 4.1666493e-2f;
    q = q * r + 0.16666666f;
    const float p = high + (r * r * (0.5f + r * q) - low);
    const float scale = power_of_two(n);
    return n == 0 ? p : scale * p + (scale - 1.0f);
}

/*
 * Near 0, a + a^3 p(a^2), p minimax of degree 3: relative error 2^-24.7. From 0.55 on, where tanh
 * is above 1/2, 1 - 2 / (exp(2a) + 1): the subtrahend and its error are smaller than the result's.
 */
float odl_tanhf(float x) {
    const float a = __builtin_fabsf(x);
    float y;
    if (a < 0.55f) {
        const float z = a * a;
        float p = 1.6437879e-2f;
        p = p * z - 5.267201e-2f;
        p = p * z + 0.13320729f;
        p = p * z - 0.33332947f;
        y = a + a * z * p;
    } else {
        y = 1.0f - 2.0f / (odl_expf(2.0f * a) + 1.0f);
    }
    return __builtin_copysignf(y, x); /* zero too keeps its sign */
}

/*
 * With e = exp(-|x|), which never overflows, and q = e / (1 + e) the value is q below 0 and 1 - q
 * above. q solves q = e - e q, and putting it in once more scales its rounding errors by e.
 */
float odl_sigmoidf(float x) {
    const float e = odl_expf(-__builtin_fabsf(x));
    const float q = e / (1.0f + e);
    return x < 0.0f ? e - e * q : 1.0f - q;
}

/* Every subtraction is exact: r and t are less than a factor of two apart (Sterbenz, 1974). */
float odl_fmodf(float x, float y) {
    const float d = __builtin_fabsf(y), inf = __builtin_inff();
    float r = __builtin_fabsf(x);
    if (!(r < inf) || !(d > 0.0f)) {
        return __builtin_nanf("");
    }
    float t = d;
    while (t <= r - t) {
        t *= 2.0f;
    }
    for (; r >= d; t *= 0.5f) {
        r = r >= t ? r - t : r;
    }
    return __builtin_copysignf(r, x);
}
