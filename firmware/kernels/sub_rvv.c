/* Sub, with vectors. */
#include "elementwise_rvv.h"

BINARY_VECTOR(sub, odl_vsub(a, b, n))
