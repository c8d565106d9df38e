/*
 * Elementary functions in single precision, for devices without a C library.
 *
 * An error of n ULP means: |result - exact| <= n * ulp(r), where r is the exact value correctly
 * rounded and ulp(r) the distance from |r| to the next larger float, 2^-149 among the subnormals.
 * The bounds are measured over all 2^32 arguments (tests/firmware/test_math.py --slow). NaN gives
 * NaN. Every compiler and machine gives the same bits as long as products and sums are not
 * contracted (-ffp-contract=off: GCC does not know the pragma) or reordered (-ffast-math).
 */
#ifndef ODL_MATH_H
#define ODL_MATH_H

/*
 * exp(x): 1 at zero, +infinity above 88.72283, 0 below -103.97208. Below -87.33654 the result is
 * subnormal, so the bound is that many times 2^-149.
 */
#define ODL_EXPF_ULP 0.9f
float odl_expf(float x);

/* tanh(x): 1 and -1 at the infinities and never beyond, and the sign of zero is kept. */
#define ODL_TANHF_ULP 1.5f
float odl_tanhf(float x);

/*
 * 1 / (1 + exp(-x)): 0 and 1 at the infinities and never beyond; subnormal below -87.33654. From
 * one float to the next it may fall by one ULP; the other functions never fall.
 */
#define ODL_SIGMOIDF_ULP 1.9f
float odl_sigmoidf(float x);

/* exp(x) - 1, accurate near zero; -1 below -17.4, and the sign of zero is kept. */
#define ODL_EXPM1F_ULP 1.6f
float odl_expm1f(float x);

/* ln(x): -infinity at zero, NaN below. */
#define ODL_LOGF_ULP 1.0f
float odl_logf(float x);

/* ln(1 + x), accurate near zero: -infinity at -1, NaN below. */
#define ODL_LOG1PF_ULP 1.5f
float odl_log1pf(float x);

/* ln(1 + exp(x)); below -87.33654 it is subnormal. */
#define ODL_SOFTPLUSF_ULP 1.9f
float odl_softplusf(float x);

/* The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
#define ODL_ERFF_ULP 1.4f
float odl_erff(float x);

/*
 * x^y with the special cases of C11, annex F: 1 where x is 1 or y is 0, NaN where x is below 0 and
 * y is no integer. Its bound is measured at 10^8 random and at all special arguments.
 */
#define ODL_POWF_ULP 1.2f
float odl_powf(float x, float y);

/* The remainder of x / y with the sign of x, exactly; NaN where y is 0 or x infinite. */
float odl_fmodf(float x, float y);

/* sqrt(x), correctly rounded: an instruction wherever there is an FPU. */
static inline float odl_sqrtf(float x) {
    return __builtin_sqrtf(x);
}

#endif
