/* Sigmoid, with vectors. */
#include "elementwise_rvv.h"

UNARY_VECTOR(sigmoid, odl_vsigmoid(x, n))
