/* Sign; NaN stays NaN. */
#include "elementwise.h"

UNARY_FLOATS(sign, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x)
UNARY_INTS(sign, (x > 0) - (x < 0))
