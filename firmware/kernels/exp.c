/* Exp, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(exp, odl_expf(x))
