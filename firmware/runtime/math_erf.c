/* The error function and what is made of it, in single precision (math.h). */
#include "odl/math.h"

/*
 * Near 0, x + x p(x^2), p minimax of degree 6: relative error 2^-30. From 0.92 on 1 - exp(r(x)), r
 * minimax to ln(erfc) of degree 7: an error of 2^-34 in the result.
 */
float odl_erff(float x) {
    const float a = __builtin_fabsf(x);
    if (a < 0.921875f) {
        const float z = x * x;
        float p = 7.991272e-5f;
        p = p * z - 8.048883e-4f;
        p = p * z + 5.192359e-3f;
        p = p * z - 2.6855724e-2f;
        p = p * z + 0.11283626f;
        p = p * z - 0.3761263f;
        p = p * z + 0.12837917f;
        return x + x * p;
    }
    float y = 1.0f;
    if (a < 3.95f) {
        float r = -2.1156146e-5f;
        r = r * a + 4.3516562e-4f;
        r = r * a - 4.174444e-3f;
        r = r * a + 2.512824e-2f;
        r = r * a - 0.10829354f;
        r = r * a - 0.6333349f;
        r = r * a - 1.1295208f;
        r = r * a + 1.7587456e-4f;
        y = 1.0f - odl_expf(r);
    }
    return x != x ? x : __builtin_copysignf(y, x);
}
