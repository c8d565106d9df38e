/*
 * The steps of XPULP_EXP on the host, and the errors of that and of odl_scaled_log in ULP, over
 * every STRIDE-th argument. Prints a line each: its name, the error, where that is.
 */
#include "xpulp_exp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* 2^64 exp(x), x not above 0. */
static float scaled_exp(float x) {
    const float large = 0x1.8p23f + 64.0f, n = fmaf(x, 1.44269502f, large), k = n - large;
    const float r = fmaf(k, -1.42860677e-6f, fmaf(k, -0.693145752f, x));
    float e = fmaf(r, 1.3838877e-3f, 8.369192e-3f);
    e = fmaf(e, r, 4.1668102e-2f);
    e = fmaf(e, r, 0.16666517f);
    e = fmaf(e, r, 0.49999994f);
    e = fmaf(e, r, 1.0f);
    e = fmaf(e, r, 1.0f);
    const int is_far = odl_bits_of(x) > odl_bits_of(-104.0f);
    return is_far ? 0.0f : odl_from_bits(odl_bits_of(e) + (odl_bits_of(n) << 23));
}

/* Of n rows of two elements, 0 and x[i], what odl_softmax_f32_xpulp makes of the latter. */
void softmax_pairs(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        const float e = scaled_exp(x[i]);
        y[i] = e * (1.0f / (0x1p64f + e));
    }
}

/* From |y| to the next larger float. */
static double ulp(float y) {
    const uint32_t exponent = odl_bits_of(y) >> 23 & 0xff;
    return exponent < 2 ? 0x1p-149 : ldexp(1.0, (int)exponent - 150);
}

/* Every result is finite, or infinitely wrong. */
static double error(float got, double exact) {
    return isfinite(got) ? fabs((double)got - exact) / ulp((float)exact) : INFINITY;
}

int main(int argc, char **argv) {
    const uint32_t first = (uint32_t)(argc > 1 ? strtoul(argv[1], NULL, 0) : 0);
    const uint32_t stride = (uint32_t)(argc > 2 ? strtoul(argv[2], NULL, 0) : 1);
    const uint32_t ends[2][2] = {{odl_bits_of(-0.0f), odl_bits_of(-INFINITY)},
                                 {odl_bits_of(1.0f), odl_bits_of(0x1p31f)}};
    for (int is_log = 0; is_log < 2; is_log++) {
        double worst = 0;
        float at = 0;
        for (uint64_t i = (uint64_t)ends[is_log][0] + first; i <= ends[is_log][1]; i += stride) {
            const float x = odl_from_bits((uint32_t)i);
            const double e = is_log ? error(odl_scaled_log(x * 0x1p64f), log((double)x))
                                    : error(scaled_exp(x) * 0x1p-64f, exp((double)x));
            if (e > worst) {
                worst = e;
                at = x;
            }
        }
        printf("%s %.6f %a\n", is_log ? "log" : "exp", worst, (double)at);
    }
    return 0;
}
