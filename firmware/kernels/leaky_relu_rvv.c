/* LeakyRelu, with vectors. */
#include "elementwise_rvv.h"

UNARY_VECTOR(leaky_relu, odl_vpick(odl_vless_by(x, 0.0f, n), odl_vmul_by(x, p->alpha, n), x, n))
