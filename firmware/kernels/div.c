/* Div; integers go towards zero, by zero they give 0, and the least one by -1 is itself. */
#include "elementwise.h"

BINARY_FLOATS(div, a / b)
BINARY_ONE(div, i8, int8_t, int32_t, int8_t, b == 0 ? 0 : a / b)
BINARY_ONE(div, u8, uint8_t, int32_t, uint8_t, b == 0 ? 0 : a / b)
BINARY_ONE(div, i32, int32_t, int32_t, int32_t,
           b == 0    ? 0
           : b == -1 ? (int32_t)(0u - (uint32_t)a)
                     : a / b)
BINARY_ONE(div, i64, int64_t, int64_t, int64_t,
           b == 0    ? 0
           : b == -1 ? (int64_t)(0u - (uint64_t)a)
                     : a / b)
