/* PRelu: the slope broadcasts to x. */
#include "elementwise.h"

BINARY_FLOATS(prelu, a >= 0.0f ? a : a * b)
