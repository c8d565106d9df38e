/* Sigmoid, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(sigmoid, odl_sigmoidf(x))
