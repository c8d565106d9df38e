/* Sigmoid in half precision on PULP cores. */
#include "xpulp_math.h"

UNARY_SHORT(sigmoid, odl_short_sigmoid(x))
