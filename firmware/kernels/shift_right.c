/* BitShift to the right, which keeps the sign; by the width or more, only that is left. */
#include "elementwise.h"

#define SHIFT(SUFFIX, T, C, BITS)                                                                  \
    BINARY_ONE(shift_right, SUFFIX, T, C, T, a >> ((uint64_t)b >= BITS ? BITS - 1 : b))

SHIFT(i8, int8_t, int32_t, 8)
BINARY_ONE(shift_right, u8, uint8_t, uint32_t, uint8_t, b > 7 ? 0 : a >> b)
SHIFT(i32, int32_t, int32_t, 32)
SHIFT(i64, int64_t, int64_t, 64)
