/* Swish, also called SiLU. */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(swish, x *odl_sigmoidf(p->alpha *x))
