/* Min, with vectors; NaN is smaller than all. */
#include "elementwise_rvv.h"

BINARY_VECTOR(min, odl_vpick(odl_vless_or_nan(b, a, n), b, a, n))
