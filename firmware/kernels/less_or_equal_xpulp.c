/* LessOrEqual on PULP cores, of floats and of integers of 32 bits. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("fle.s", a, a, b)
#define I32(a, b) XPULP_OP("slt", a, b, a) XPULP_OP("xori", a, a, "1")
#define F16(a, b) XPULP_OP("fle.h", a, a, b)

TEST_WORDS(less_or_equal, f32, F32, XPULP_NO_OP, 1)
TEST_WORDS(less_or_equal, i32, I32, XPULP_NO_OP, 2)
TEST_F16(less_or_equal, F16, XPULP_NO_OP, 1)
