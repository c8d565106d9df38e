/* BitShift to the left; by the width or more, nothing is left. */
#include "elementwise.h"

#define SHIFT(SUFFIX, T, U, BITS)                                                                  \
    BINARY_ONE(shift_left, SUFFIX, T, U, T, (uint64_t)b >= BITS ? 0 : a << b)

SHIFT(i8, int8_t, uint32_t, 8)
SHIFT(u8, uint8_t, uint32_t, 8)
SHIFT(i32, int32_t, uint32_t, 32)
SHIFT(i64, int64_t, uint64_t, 64)
