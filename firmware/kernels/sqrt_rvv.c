/* Square root, with vectors. */
#include "elementwise_rvv.h"

UNARY_VECTOR(sqrt, odl_vsqrt(x, n))
