/* Mul on PULP cores. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("fmul.s", a, a, b)
#define F16_FIRST(a, b) XPULP_MUL(a, a, b)
#define I32_FIRST(a, b) XPULP_OP("mul", a, a, b)

BINARY_F32(mul, f32, F32_FIRST, XPULP_NO_OP, 1, 0, 0)
BINARY_F32(mul, i32, I32_FIRST, XPULP_NO_OP, 1, 0, 0)
BINARY_F16(mul, F16_FIRST, XPULP_NO_OP, 1, 0, 0)
