/* Exp in half precision on PULP cores. */
#include "xpulp_math.h"

UNARY_SHORT(exp, odl_short_exp(x))
