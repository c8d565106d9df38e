/* Relu; the comparison lets NaN through. */
#include "elementwise.h"

UNARY_FLOATS(relu, x < 0.0f ? 0.0f : x)
UNARY_SIGNED(relu, x < 0 ? 0 : x)
