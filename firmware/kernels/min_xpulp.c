/* Min of floats on PULP cores: a ^ b ^ max(a, b); NaN, which is never the larger one, stays. */
#include "elementwise_xpulp.h"

#define LEFT(a, b) XPULP_OP("xor", a, a, b) XPULP_OP("xor", a, a, "%[t]")
#define F32(a, b) XPULP_OP("fmax.s", "%[t]", a, b) LEFT(a, b)
#define F16(a, b) XPULP_MAX("%[t]", a, b) LEFT(a, b)

BINARY_WORDS(min, f32, F32, XPULP_NO_OP, 3, 0, 0)
BINARY_F16(min, F16, XPULP_NO_OP, 3, 0, 0)
