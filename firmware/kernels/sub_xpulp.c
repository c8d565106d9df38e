/* Sub on PULP cores. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("fsub.s", a, a, b)
#define F16_FIRST(a, b) XPULP_SUB(a, a, b)
#define I32_FIRST(a, b) XPULP_OP("sub", a, a, b)

BINARY_F32(sub, f32, F32_FIRST, XPULP_NO_OP, 1, 0, 0)
BINARY_F32(sub, i32, I32_FIRST, XPULP_NO_OP, 1, 0, 0)
BINARY_F16(sub, F16_FIRST, XPULP_NO_OP, 1, 0, 0)
