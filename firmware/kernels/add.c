/* Add; integers wrap. */
#include "elementwise.h"

BINARY_FLOATS(add, a + b)
BINARY_WRAPPING(add, a + b)
