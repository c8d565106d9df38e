/* Sub; integers wrap. */
#include "elementwise.h"

BINARY_FLOATS(sub, a - b)
BINARY_WRAPPING(sub, a - b)
