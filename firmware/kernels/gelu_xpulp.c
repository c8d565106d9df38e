/* Gelu in half precision on PULP cores. */
#include "xpulp_math.h"

UNARY_SHORT(gelu, odl_short_part(x, odl_short_normal(x)))
