/*
 * Elementary functions in single precision, for devices without a C library.
 *
 * An error of n ULP means: |result - exact| <= n * ulp(exact), where ulp(exact) is the distance
 * between the two floats around the exact value, and 2^-149 among the subnormals. The bounds are
 * measured over all 2^32 arguments (tests/firmware/test_math.py --slow) and hold where the
 * compiler does not contract products and sums (-ffp-contract=off). NaN gives NaN.
 */
#ifndef ODL_MATH_H
#define ODL_MATH_H

/* exp(x): infinite above 88.72284, gradual underflow to 0 below -87.33654. */
#define ODL_EXPF_ULP 1.0f
float odl_expf(float x);

/* tanh(x): 1 and -1 at the infinities, and the sign of zero is kept. */
#define ODL_TANHF_ULP 2.0f
float odl_tanhf(float x);

/* 1 / (1 + exp(-x)): 0 and 1 at the infinities. */
#define ODL_SIGMOIDF_ULP 2.5f
float odl_sigmoidf(float x);

/* sqrt(x), correctly rounded: an instruction wherever there is an FPU. */
static inline float odl_sqrtf(float x) {
    return __builtin_sqrtf(x);
}

#endif
