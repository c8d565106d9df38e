/* Largest errors of math.h in ULP, over every STRIDE-th float from FIRST. Prints a line each. */
#include "odl/math.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double sigmoid(double x) {
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static float root(float x) {
    return odl_sqrtf(x);
}

/* All of them rise, but for rounding. The reference is off by 2^-52 or so, which is 10^-8 ULP of a
 * float. */
static const struct {
    const char *name;
    float (*f)(float);
    double (*exact)(double);
    float low, high; /* no result may lie outside */
    double back;     /* most ULP that a result may lie below that of a smaller argument */
} functions[] = {
    {"expf", odl_expf, exp, 0, INFINITY, 0},
    {"tanhf", odl_tanhf, tanh, -1, 1, 0},
    {"sigmoidf", odl_sigmoidf, sigmoid, 0, 1, 1},
    {"expm1f", odl_expm1f, expm1, -1, INFINITY, 2},
    {"logf", odl_logf, log, -INFINITY, INFINITY, 1},
    {"log1pf", odl_log1pf, log1p, -INFINITY, INFINITY, 2},
    {"softplusf", odl_softplusf, softplus, 0, INFINITY, 2},
    {"erff", odl_erff, erf, -1, 1, 2},
    {"sqrtf", root, sqrt, 0, INFINITY, 0},
};

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* From |y| to the next larger float; y is finite. */
static double ulp(float y) {
    const uint32_t exponent = bits_of(y) >> 23 & 0xff;
    return exponent < 2 ? 0x1p-149 : (double)float_of((exponent - 1) << 23) * 0x1p-22;
}

/* In ULP of the correctly rounded result. NaN and the infinities are right or infinitely wrong. */
static double error(float got, double exact) {
    const float want = (float)exact;
    if (isnan(got) || isnan(want)) {
        return isnan(got) && isnan(want) ? 0 : INFINITY;
    }
    if (isinf(got) || isinf(want)) {
        return got == want ? 0 : INFINITY;
    }
    return fabs((double)got - exact) / ulp(want);
}

int main(int argc, char **argv) {
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    const uint64_t stride = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) {
        double worst = 0;
        float at = 0, before = NAN;
        uint64_t hash = 0;
        for (uint64_t bits = first; bits < UINT64_C(1) << 32; bits += stride) {
            const float x = float_of((uint32_t)bits);
            const float y = functions[i].f(x);
            double e = error(y, functions[i].exact((double)x));
            /* From bits to bits |x| grows; a NaN parts the two halves. */
            const double back = signbit(x) ? (double)y - before : (double)before - y;
            if (y < functions[i].low || y > functions[i].high ||
                back > functions[i].back * ulp(y)) {
                e = INFINITY;
            }
            before = y;
            if (e > worst) {
                worst = e;
                at = x;
            }
            /* One NaN is as good as another. */
            hash = (hash ^ (isnan(y) ? 0x7fc00000 : bits_of(y))) * UINT64_C(0x100000001b3);
        }
        printf("%s %.6f %a %016llx\n", functions[i].name, worst, (double)at,
               (unsigned long long)hash);
    }
    return 0;
}
