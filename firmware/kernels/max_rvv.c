/* Max, with vectors; NaN is larger than all. */
#include "elementwise_rvv.h"

BINARY_VECTOR(max, odl_vpick(odl_vmore_or_nan(b, a, n), b, a, n))
