/* Swish in half precision on PULP cores. */
#include "xpulp_math.h"

UNARY_SHORT(swish, odl_short_part(x, odl_short_sigmoid(p->alpha *x)))
