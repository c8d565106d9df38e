/* Max of floats on PULP cores: a ^ b ^ min(a, b); NaN, which is never the smaller one, stays. */
#include "elementwise_xpulp.h"

#define LEFT(a, b) XPULP_OP("xor", a, a, b) XPULP_OP("xor", a, a, "%[t]")
#define F32(a, b) XPULP_OP("fmin.s", "%[t]", a, b) LEFT(a, b)
#define F16(a, b) XPULP_MIN("%[t]", a, b) LEFT(a, b)

BINARY_WORDS(max, f32, F32, XPULP_NO_OP, 3, 0, 0)
BINARY_F16(max, F16, XPULP_NO_OP, 3, 0, 0)
