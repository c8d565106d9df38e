/* Abs of floats on PULP cores: the signs are cleared. */
#include "elementwise_xpulp.h"

#define CLEAR(a, b) XPULP_OP("and", a, a, "%[c]")

UNARY_F32(abs, CLEAR, XPULP_NO_OP, 1, 0x7fffffffu, 0)
UNARY_F16(abs, CLEAR, XPULP_NO_OP, 1, 0x7fff7fffu, 0)
