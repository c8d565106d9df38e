/* Div, with vectors. */
#include "elementwise_rvv.h"

BINARY_VECTOR(div, odl_vdiv(a, b, n))
