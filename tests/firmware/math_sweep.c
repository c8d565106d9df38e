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

static const struct {
    const char *name;
    float (*f)(float);
    double (*exact)(double);
} functions[] = {
    {"expf", odl_expf, exp},
    {"tanhf", odl_tanhf, tanh},
    {"sigmoidf", odl_sigmoidf, sigmoid},
};

/* Distance between the floats around y. */
static double ulp(double y) {
    int exponent;
    frexp(y, &exponent);
    return ldexp(1.0, exponent - 24 < -149 ? -149 : exponent - 24);
}

static double error(float got, double want) {
    if (isnan(want) || isnan(got)) {
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    }
    if (got == (float)want) {
        return isinf(want) || isinf(got) ? 0 : fabs(got - want) / ulp(want);
    }
    return isinf(got) ? fabs(ldexp(1.0, 128) - want) / ldexp(1.0, 104)
                      : fabs(got - want) / ulp(want);
}

int main(int argc, char **argv) {
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    const uint64_t stride = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) {
        double worst = 0;
        float at = 0;
        for (uint64_t bits = first; bits < UINT64_C(1) << 32; bits += stride) {
            const uint32_t word = (uint32_t)bits;
            float x;
            memcpy(&x, &word, sizeof x);
            const double e = error(functions[i].f(x), functions[i].exact(x));
            if (e > worst) {
                worst = e;
                at = x;
            }
        }
        printf("%s %.6f %a\n", functions[i].name, worst, (double)at);
    }
    return 0;
}
