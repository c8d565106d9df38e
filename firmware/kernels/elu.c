/* Elu. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(elu, x >= 0.0f ? x : p->alpha * odl_expm1f(x))
