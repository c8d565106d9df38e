/* Add, with vectors. */
#include "elementwise_rvv.h"

BINARY_VECTOR(add, odl_vadd(a, b, n))
