/* Add on PULP cores. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("fadd.s", a, a, b)
#define I32(a, b) XPULP_OP("add", a, a, b)
#define F16(a, b) XPULP_ADD(a, a, b)

BINARY_WORDS(add, f32, F32, XPULP_NO_OP, 1, 0, 0)
BINARY_WORDS(add, i32, I32, XPULP_NO_OP, 1, 0, 0)
BINARY_F16(add, F16, XPULP_NO_OP, 1, 0, 0)
