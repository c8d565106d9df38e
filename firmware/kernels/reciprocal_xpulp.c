/* Reciprocal in half precision on PULP cores; 2^-40 and 2^40 stand for 0 and infinity. */
#include "xpulp_math.h"

static inline float reciprocal(float x) {
    const float v = __builtin_fminf(__builtin_fmaxf(__builtin_fabsf(x), 0x1p-40f), 0x1p40f);
    return x == x ? __builtin_copysignf(odl_short_inverse(v), x) : x;
}

UNARY_SHORT(reciprocal, reciprocal(x))
