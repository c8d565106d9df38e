/* Neg; that of the least integer is itself. */
#include "elementwise.h"

UNARY_FLOATS(neg, -x)
UNARY(neg, i8, int8_t, int32_t, int8_t, -x)
UNARY(neg, i32, int32_t, uint32_t, int32_t, 0u - x)
UNARY(neg, i64, int64_t, uint64_t, int64_t, 0u - x)
