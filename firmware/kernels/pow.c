/* Pow; integers by squaring, and they wrap. */
#include "odl/math.h"
#include "elementwise.h"

/* a^b without a sign; a negative power of an integer is 0 unless a is 1 or -1. */
static inline uint64_t power(uint64_t a, int64_t b) {
    const int unit = a == 1 || a + 1 == 0;
    uint64_t y = 1;
    for (uint64_t n = b < 0 ? (unit ? (uint64_t)b & 1 : 0) : (uint64_t)b; n; n >>= 1) {
        y = n & 1 ? y * a : y;
        a *= a;
    }
    return b < 0 && !unit ? 0 : y;
}

#define POW_FLOATS(SUFFIX, B)                                                                      \
    BINARY(pow, f32_##SUFFIX, float, float, B, float, float, odl_powf(a, b))                       \
    HALF(BINARY(pow, f16_##SUFFIX, _Float16, float, B, float, _Float16, odl_powf(a, b)))

#define POW_INTS(A, TYPE, SUFFIX, B)                                                               \
    BINARY(pow, A##_##SUFFIX, TYPE, TYPE, B, B, TYPE, power((uint64_t)a, (int64_t)b))

POW_FLOATS(f32, float)
POW_FLOATS(i32, int32_t)
POW_FLOATS(i64, int64_t)
HALF(POW_FLOATS(f16, _Float16))
POW_INTS(i32, int32_t, i32, int32_t)
POW_INTS(i32, int32_t, i64, int64_t)
POW_INTS(i64, int64_t, i32, int32_t)
POW_INTS(i64, int64_t, i64, int64_t)
