/* Relu on PULP cores: the smaller of x and 0, exclusively or'ed into x, which lets NaN through. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("fmin.s", b, a, "%[c]")
#define F16_FIRST(a, b) XPULP_MIN(b, a, "%[c]")
#define SECOND(a, b) XPULP_OP("xor", a, a, b)

UNARY_F32(relu, F32_FIRST, SECOND, 2, 0, 0)
UNARY_F16(relu, F16_FIRST, SECOND, 2, 0, 0)
