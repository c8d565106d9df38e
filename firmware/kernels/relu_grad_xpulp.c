/* The gradient of Relu on PULP cores: a under a mask that is all ones where b > 0. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("flt.s", b, "%[c]", b) XPULP_OP("sub", b, "zero", b)
#define F16_FIRST(a, b) XPULP_LESS(b, "%[c]", b) XPULP_MAC_WORD(b, b, "%[d]")
#define SECOND(a, b) XPULP_OP("and", a, a, b)

BINARY_WORDS(relu_grad, f32, F32_FIRST, SECOND, 3, 0, 0)
BINARY_F16(relu_grad, F16_FIRST, SECOND, 3, 0, 0xfffe)
