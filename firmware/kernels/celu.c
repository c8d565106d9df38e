/* Celu: Elu of a scaled argument. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(celu, x >= 0.0f ? x : p->alpha * odl_expm1f(x / p->alpha))
