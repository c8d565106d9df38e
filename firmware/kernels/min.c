/* Min; NaN is smaller than all. */
#include "elementwise.h"

BINARY_FLOATS(min, a <= b || a != a ? a : b)
BINARY_INTS(min, a <= b ? a : b)
