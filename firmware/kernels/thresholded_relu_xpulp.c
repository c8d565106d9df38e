/* ThresholdedRelu on PULP cores: 0 - (alpha < x) masks x; halves are compared as singles. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("flt.s", b, "%[c]", a)
#define F16_FIRST(a, b) "fcvt.s.h " b ", " a "\n" XPULP_OP("flt.s", b, "%[c]", b)
#define SECOND(a, b) XPULP_OP("sub", b, "zero", b) XPULP_OP("and", a, a, b)

UNARY_F32(thresholded_relu, F32_FIRST, SECOND, 3, odl_bits_of(p->alpha), 0)
UNARY_HALVES(thresholded_relu, F16_FIRST, SECOND, 4, odl_bits_of(p->alpha), 0)
