/* Sub on PULP cores. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("fsub.s", a, a, b)
#define I32(a, b) XPULP_OP("sub", a, a, b)
#define F16(a, b) XPULP_SUB(a, a, b)

BINARY_WORDS(sub, f32, F32, XPULP_NO_OP, 1, 0, 0)
BINARY_WORDS(sub, i32, I32, XPULP_NO_OP, 1, 0, 0)
BINARY_F16(sub, F16, XPULP_NO_OP, 1, 0, 0)
