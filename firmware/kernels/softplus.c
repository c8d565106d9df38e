/* Softplus, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(softplus, odl_softplusf(x))
