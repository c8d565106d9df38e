/* Mul; integers wrap. */
#include "elementwise.h"

BINARY_FLOATS(mul, a *b)
BINARY_WRAPPING(mul, a *b)
