/* Sqrt in half precision on PULP cores: of a half the divider is done sooner. */
#include "elementwise_xpulp.h"

#define ROOT(a, b) "fsqrt.h " a ", " a "\n"

UNARY_HALVES(sqrt, ROOT, XPULP_NO_OP, 1, 0, 0)
