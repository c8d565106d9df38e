/* Mish in half precision on PULP cores, as mish.c does it. */
#include "xpulp_math.h"

static inline float mish(float x) {
    const float e = odl_short_exp(__builtin_fminf(x, 20.0f)), n = e * (e + 2.0f);
    return odl_short_part(x, n * odl_short_inverse(n + 2.0f));
}

UNARY_SHORT(mish, mish(x))
