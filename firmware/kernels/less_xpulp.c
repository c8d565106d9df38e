/* Less on PULP cores, of floats and of integers of 32 bits. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("flt.s", a, a, b)
#define I32(a, b) XPULP_OP("slt", a, a, b)
#define F16(a, b) XPULP_OP("flt.h", a, a, b)

TEST_WORDS(less, f32, F32, XPULP_NO_OP, 1)
TEST_WORDS(less, i32, I32, XPULP_NO_OP, 1)
TEST_F16(less, F16, XPULP_NO_OP, 1)
