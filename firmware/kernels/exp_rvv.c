/* Exp, with vectors. */
#include "elementwise_rvv.h"

UNARY_VECTOR(exp, odl_vexp(x, n))
