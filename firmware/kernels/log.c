/* Log, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(log, odl_logf(x))
