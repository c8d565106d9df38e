/* Mod: the sign is that of the divisor; by zero it is 0. */
#include "odl/math.h"
#include "elementwise.h"

static inline float remainder_of(float a, float b) {
    const float r = odl_fmodf(a, b);
    return r == 0.0f ? __builtin_copysignf(r, b) : (r < 0.0f) != (b < 0.0f) ? r + b : r;
}

BINARY_FLOATS(mod, remainder_of(a, b))

#define MOD(SUFFIX, T)                                                                             \
    BINARY_ONE(mod, SUFFIX, T, T, T,                                                               \
               b == 0 || b == (T) - 1                 ? 0                                          \
               : a % b != 0 && (a % b < 0) != (b < 0) ? a % b + b                                  \
                                                      : a % b)

MOD(i8, int8_t)
MOD(i32, int32_t)
MOD(i64, int64_t)
BINARY_ONE(mod, u8, uint8_t, int32_t, uint8_t, b == 0 ? 0 : a % b)
