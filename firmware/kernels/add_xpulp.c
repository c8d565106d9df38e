/* Add on PULP cores. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("fadd.s", a, a, b)
#define F16_FIRST(a, b) XPULP_ADD(a, a, b)
#define I32_FIRST(a, b) XPULP_OP("add", a, a, b)

BINARY_F32(add, f32, F32_FIRST, XPULP_NO_OP, 1, 0, 0)
BINARY_F32(add, i32, I32_FIRST, XPULP_NO_OP, 1, 0, 0)
BINARY_F16(add, F16_FIRST, XPULP_NO_OP, 1, 0, 0)
