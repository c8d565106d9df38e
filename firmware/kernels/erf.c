/* Erf, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(erf, odl_erff(x))
