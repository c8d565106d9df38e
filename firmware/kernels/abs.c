/* Abs; that of the least integer is itself. */
#include "elementwise.h"

UNARY_FLOATS(abs, __builtin_fabsf(x))
UNARY(abs, i8, int8_t, int32_t, int8_t, x < 0 ? -x : x)
UNARY(abs, i32, int32_t, uint32_t, int32_t, x >> 31 ? 0u - x : x)
UNARY(abs, i64, int64_t, uint64_t, int64_t, x >> 63 ? 0u - x : x)
