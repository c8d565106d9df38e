/* Neg of floats on PULP cores: the signs turn over. */
#include "elementwise_xpulp.h"

#define TURN(a, b) XPULP_OP("xor", a, a, "%[c]")

UNARY_F32(neg, TURN, XPULP_NO_OP, 1, 0x80000000u, 0)
UNARY_F16(neg, TURN, XPULP_NO_OP, 1, 0x80008000u, 0)
