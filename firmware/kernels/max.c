/* Max; NaN is larger than all. */
#include "elementwise.h"

BINARY_FLOATS(max, a >= b || a != a ? a : b)
BINARY_INTS(max, a >= b ? a : b)
