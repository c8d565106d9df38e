/* Mod with fmod = 1: the sign is that of the dividend; integers by zero give 0. */
#include "odl/math.h"
#include "elementwise.h"

#define FMOD(SUFFIX, T) BINARY_ONE(fmod, SUFFIX, T, T, T, b == 0 || b == (T) - 1 ? 0 : a % b)

BINARY_FLOATS(fmod, odl_fmodf(a, b))
FMOD(i8, int8_t)
FMOD(i32, int32_t)
FMOD(i64, int64_t)
BINARY_ONE(fmod, u8, uint8_t, int32_t, uint8_t, b == 0 ? 0 : a % b)
