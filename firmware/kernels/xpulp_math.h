/*
 * Elementary functions for results in half precision on PULP cores: in single precision to within
 * 2^-20, by few instructions and without the divider, which all cores share.
 */
#ifndef ODL_XPULP_MATH_H
#define ODL_XPULP_MATH_H

#include "xpulp_lanes.h"

static inline float odl_from_bits(uint32_t bits) {
    const union {
        uint32_t bits;
        float value;
    } u = {bits};
    return u.value;
}

/* exp(x), for x outside [-80, 80] that of the nearer end; NaN gives NaN. */
static inline float odl_short_exp(float x) {
    const float in = __builtin_fminf(__builtin_fmaxf(x, -80.0f), 80.0f);
    int32_t n;
    __asm__("fcvt.w.s %0, %1, rne" : "=r"(n) : "r"(in * 1.44269502f));
    const float k = (float)n;
    const float r = __builtin_fmaf(k, -1.42860677e-6f, __builtin_fmaf(k, -0.693145752f, in));
    float e = __builtin_fmaf(r, 8.312468e-3f, 4.1890256e-2f); /* minimax: 2^-23.2 */
    e = __builtin_fmaf(e, r, 0.16667116f);
    e = __builtin_fmaf(e, r, 0.4999923f);
    e = __builtin_fmaf(e, r, 1.0f);
    e = __builtin_fmaf(e, r, 1.0f);
    return x == x ? odl_from_bits(odl_bits_of(e) + ((uint32_t)n << 23)) : x;
}

/* 1 / v for v between 2^-125 and 2^125. */
static inline float odl_short_inverse(float v) {
    float y = odl_from_bits(0x7ef311c7u - odl_bits_of(v)); /* to 13% */
    y = __builtin_fmaf(y, __builtin_fmaf(-v, y, 1.0f), y);
    y = __builtin_fmaf(y, __builtin_fmaf(-v, y, 1.0f), y);
    return __builtin_fmaf(y, __builtin_fmaf(-v, y, 1.0f), y);
}

static inline float odl_short_sigmoid(float x) {
    return odl_short_inverse(1.0f + odl_short_exp(-x));
}

/* By its series near 0, where 1 - 2 / (exp(2a) + 1) would cancel. */
static inline float odl_short_tanh(float x) {
    const float a = __builtin_fabsf(x);
    float y = 1.0f - 2.0f * odl_short_inverse(odl_short_exp(2.0f * a) + 1.0f);
    if (a < 0.55f) {
        const float z = a * a;
        float p = __builtin_fmaf(z, 1.6437879e-2f, -5.267201e-2f);
        p = __builtin_fmaf(p, z, 0.13320729f);
        p = __builtin_fmaf(p, z, -0.33332947f);
        y = __builtin_fmaf(a * z, p, a);
    }
    return __builtin_copysignf(y, x);
}

/* exp(x) - 1, by its series near 0. */
static inline float odl_short_expm1(float x) {
    const float series = __builtin_fmaf(x * x, __builtin_fmaf(x, 0.16666667f, 0.5f), x);
    return __builtin_fabsf(x) < 0x1p-6f ? series : odl_short_exp(x) - 1.0f;
}

/* ln(1 + x) for x between 0 and 1, to within 3e-7. */
static inline float odl_short_log1p(float x) {
    float p = __builtin_fmaf(x, -8.3711529e-3f, 4.34939e-2f);
    p = __builtin_fmaf(p, x, -0.10685003f);
    p = __builtin_fmaf(p, x, 0.17687477f);
    p = __builtin_fmaf(p, x, -0.24474774f);
    p = __builtin_fmaf(p, x, 0.3327193f);
    p = __builtin_fmaf(p, x, -0.49997175f);
    return x * __builtin_fmaf(p, x, 0.99999976f);
}

/* The normal distribution at x, to within 2e-7 (Abramowitz and Stegun, 7.1.28). */
static inline float odl_short_normal(float x) {
    const float a = __builtin_fminf(__builtin_fabsf(x) * 0.70710678f, 11.0f);
    float p = __builtin_fmaf(a, 4.30638e-5f, 2.765672e-4f);
    p = __builtin_fmaf(p, a, 1.520143e-4f);
    p = __builtin_fmaf(p, a, 9.2705272e-3f);
    p = __builtin_fmaf(p, a, 4.22820123e-2f);
    p = __builtin_fmaf(p, a, 7.05230784e-2f);
    p = __builtin_fmaf(p, a, 1.0f);
    p *= p;
    p *= p;
    p *= p;
    const float tail = 0.5f * odl_short_inverse(p * p);
    return x < 0.0f ? tail : 1.0f - tail;
}

/* x times a share of it, where one below 2^-110 stands for 0: of an infinite x that is NaN. */
static inline float odl_short_part(float x, float share) {
    return x * (share < 0x1p-110f ? 0.0f : share);
}

/* A unary kernel of halves from an expression of the single x. */
#define UNARY_SHORT(KERNEL, VALUE)                                                                 \
    void odl_##KERNEL##_f16_xpulp(const void *args, struct odl_core core) {                        \
        const struct odl_##KERNEL *p = args;                                                       \
        const _Float16 *from = p->x;                                                               \
        _Float16 *to = p->y;                                                                       \
        const struct odl_range r = odl_share(p->n, 2, core.id, core.count);                        \
        for (int32_t i = r.begin; i < r.end; i++) {                                                \
            const float x = (float)from[i];                                                        \
            to[i] = (_Float16)(VALUE);                                                             \
        }                                                                                          \
    }

#endif
