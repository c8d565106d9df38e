/* Mul, with vectors. */
#include "elementwise_rvv.h"

BINARY_VECTOR(mul, odl_vmul(a, b, n))
