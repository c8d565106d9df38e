/* Mul on PULP cores. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("fmul.s", a, a, b)
#define I32(a, b) XPULP_OP("mul", a, a, b)
#define F16(a, b) XPULP_MUL(a, a, b)

BINARY_WORDS(mul, f32, F32, XPULP_NO_OP, 1, 0, 0)
BINARY_WORDS(mul, i32, I32, XPULP_NO_OP, 1, 0, 0)
BINARY_F16(mul, F16, XPULP_NO_OP, 1, 0, 0)
