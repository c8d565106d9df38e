/* Elu in half precision on PULP cores. */
#include "xpulp_math.h"

UNARY_SHORT(elu, x >= 0.0f ? x : p->alpha * odl_short_expm1(x))
