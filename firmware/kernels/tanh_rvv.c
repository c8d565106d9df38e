/* Tanh, with vectors. */
#include "elementwise_rvv.h"

UNARY_VECTOR(tanh, odl_vtanh(x, n))
