/* Tanh in half precision on PULP cores. */
#include "xpulp_math.h"

UNARY_SHORT(tanh, odl_short_tanh(x))
