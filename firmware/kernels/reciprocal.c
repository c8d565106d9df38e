/* Reciprocal. */
#include "elementwise.h"

UNARY_FLOATS(reciprocal, 1.0f / x)
