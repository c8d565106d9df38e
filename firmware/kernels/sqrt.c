/* Sqrt, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(sqrt, odl_sqrtf(x))
