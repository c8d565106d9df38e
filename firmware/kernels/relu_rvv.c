/* Relu, with vectors; the comparison lets NaN through. */
#include "elementwise_rvv.h"

UNARY_VECTOR(relu, odl_vput(odl_vless_by(x, 0.0f, n), 0.0f, x, n))
