/* Logarithms and powers in single precision (math.h). */
#include "odl/math.h"

#include <stdint.h>

/* ln(2) in two parts; the first has so few bits that an exponent times it is exact. */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194442e-4f

static uint32_t bits_of(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

/* x = 2^exponent (1 + fraction) with 1 + fraction in [sqrt(1/2), sqrt(2)); 0 < x < infinity. */
static float split(float x, int32_t *exponent) {
    int32_t scaled = 0;
    if (x < 0x1p-126f) {
        x *= 0x1p24f;
        scaled = 24;
    }
    const uint32_t root = 0x3f3504f3; /* the bits of sqrt(1/2) */
    const uint32_t above = bits_of(x) - root;
    *exponent = ((int32_t)above >> 23) - scaled;
    return float_of((above & 0x7fffff) + root) - 1.0f;
}

/*
 * k ln(2) + ln(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)]: ln(1 + f) = f - f^2/2 + f^3 p(f), p
 * minimax of degree 7 (Remez): relative error 2^-27.3.
 */
static float log_of(float k, float f) {
    float p = -7.6364495e-2f;
    p = p * f + 0.12766208f;
    p = p * f - 0.13161464f;
    p = p * f + 0.14201176f;
    p = p * f - 0.1662319f;
    p = p * f + 0.2000125f;
    p = p * f - 0.25000826f;
    p = p * f + 0.3333333f;
    const float tail = f * f * (0.5f - f * p);
    return k * LN2_HIGH + (f - (tail - k * LN2_LOW));
}

float odl_logf(float x) {
    if (!(x > 0.0f)) {
        return x == 0.0f ? -__builtin_inff() : __builtin_nanf("");
    }
    if (x == __builtin_inff()) {
        return x;
    }
    int32_t k;
    const float f = split(x, &k);
    return log_of((float)k, f);
}

float odl_log1pf(float x) {
    if (x > -0.29f && x < 0.41f) {
        return x == 0.0f ? x : log_of(0.0f, x); /* zero keeps its sign */
    }
    const float u = 1.0f + x;
    if (!(u > 0.0f) || u == __builtin_inff()) {
        return odl_logf(u);
    }
    const float lost =
        x < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x); /* what rounding has taken from u */
    int32_t k;
    const float f = split(u, &k);
    return log_of((float)k, f) + lost / u;
}

float odl_softplusf(float x) {
    const float tail = odl_log1pf(odl_expf(-__builtin_fabsf(x)));
    return x > 0.0f ? x + tail : tail;
}

/* A number as the sum of two floats (Dekker, Numerische Mathematik 18, 1971). */
struct pair {
    float high, low;
};

/* high and low with the same sum, |low| at most half an ulp of high; needs |a| >= |b| or a = 0. */
static struct pair sum(float a, float b) {
    const float high = a + b;
    return (struct pair){high, b - (high - a)};
}

/* The product of two floats, exactly (Veltkamp's splitting). */
static struct pair product(float a, float b) {
    const float ca = a * 4097.0f, cb = b * 4097.0f;
    const float ah = ca - (ca - a), bh = cb - (cb - b);
    const float al = a - ah, bl = b - bh;
    const float high = a * b;
    return (struct pair){high, ((ah * bh - high) + ah * bl + al * bh) + al * bl};
}

static struct pair times(struct pair a, struct pair b) {
    const struct pair p = product(a.high, b.high);
    return sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

/*
 * log2(x) to some 40 bits: with s = f / (2 + f), ln(1 + f) = 2 (s + s (z/3 + z^2 q(z))), z = s^2,
 * where q is the series 1/5 + z/7 + z^2/9 + ... to degree 4.
 */
static struct pair log2_of(float x) {
    int32_t k;
    const float f = split(x, &k);
    const struct pair below = sum(2.0f, f);
    const float head = f / below.high;
    const struct pair back = product(head, below.high);
    const struct pair s = sum(head, ((f - back.high) - back.low - head * below.low) / below.high);
    const struct pair z = times(s, s);
    const float w = z.high;
    const float q =
        0.2f + w * (0.14285715f + w * (0.11111111f + w * (0.09090909f + w * 0.07692308f)));
    const struct pair third = times(z, (struct pair){0.33333334f, -9.934108e-9f});
    const struct pair factor = sum(third.high, third.low + w * w * q);
    const struct pair more = times(s, factor);
    const struct pair half = sum(s.high, s.low + more.high);
    const struct pair ln = {half.high, half.low + more.low};
    const struct pair log2 = times(ln, (struct pair){2.8853900f, 3.9241286e-8f}); /* 2 / ln(2) */
    const struct pair all = sum((float)k, log2.high);
    return k == 0 ? log2 : sum(all.high, all.low + log2.low);
}

/* 1 for odd integers, 0 for even ones, -1 for what is no integer. */
static int parity(float y) {
    const float a = __builtin_fabsf(y);
    if (a >= 0x1p24f) {
        return 0;
    }
    const int32_t n = (int32_t)a;
    return (float)n == a ? n & 1 : -1;
}

float odl_powf(float x, float y) {
    const float a = __builtin_fabsf(x), inf = __builtin_inff();
    if (x == 1.0f || y == 0.0f) {
        return 1.0f;
    }
    if (x != x || y != y) {
        return x + y;
    }
    const int odd = parity(y);
    const float sign = __builtin_signbit(x) && odd == 1 ? -1.0f : 1.0f;
    if (a == 0.0f || a == inf) {
        return sign * ((a == 0.0f) == (y > 0.0f) ? 0.0f : inf);
    }
    if (x < 0.0f && odd < 0 && y != inf && y != -inf) {
        return __builtin_nanf("");
    }
    if (a == 1.0f) {
        return sign;
    }
    if (y == inf || y == -inf) {
        return (a > 1.0f) == (y > 0.0f) ? inf : 0.0f;
    }
    const struct pair l = log2_of(a);
    const float near = l.high * y;
    if (near > 129.0f || near < -151.0f) {
        return sign * (near > 0.0f ? inf : 0.0f);
    }
    if (__builtin_fabsf(y) < 0x1p-40f) { /* the splitting would lose y, and the result is 1 */
        return sign;
    }
    const struct pair e = times(l, (struct pair){y, 0.0f});
    const float n = (float)(int32_t)(e.high + (e.high < 0.0f ? -0.5f : 0.5f));
    const struct pair r = times(sum(e.high - n, e.low), (struct pair){0.6931472f, -1.9046542e-9f});
    float q = 1.9763348e-4f; /* expm1(r) = r + r^2/2 + r^3 q(r), as in odl_expm1f */
    q = q * r.high + 1.3932331e-3f;
    q = q * r.high + 8.333544e-3f;
    q = q * r.high + 4.1666493e-2f;
    q = q * r.high + 0.16666666f;
    const float m = 1.0f + (r.high + (r.high * r.high * (0.5f + r.high * q) + r.low));
    const int32_t k = (int32_t)n, half = k / 2;
    return sign * (m * float_of((uint32_t)(half + 127) << 23) *
                   float_of((uint32_t)(k - half + 127) << 23));
}
