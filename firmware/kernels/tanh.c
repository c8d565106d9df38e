/* Tanh, by math.h. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(tanh, odl_tanhf(x))
