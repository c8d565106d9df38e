/* Mish, x tanh(softplus(x)): with e = exp(x), tanh(ln(1 + e)) = e (e + 2) / (e (e + 2) + 2). */
#include "odl/math.h"
#include "elementwise.h"

static inline float mish(float x) {
    if (!(x < 20.0f)) {
        return x;
    }
    const float e = odl_expf(x), n = e * (e + 2.0f);
    return n == 0.0f ? x * 0.0f : x * (n / (n + 2.0f));
}

UNARY_FLOATS(mish, mish(x))
