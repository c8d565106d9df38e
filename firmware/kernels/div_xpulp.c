/* Div of floats on PULP cores: the divider takes one half at a time. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("fdiv.s", a, a, b)
#define F16(a, b) XPULP_OP("fdiv.h", a, a, b)

BINARY_WORDS(div, f32, F32, XPULP_NO_OP, 1, 0, 0)

ODL_LANES(div_f16_halves, XPULP_LH, XPULP_LH, F16, XPULP_NO_OP, XPULP_SH, 4)
void odl_div_f16_xpulp(const void *args, struct odl_core core) {
    odl_binary_lanes(args, (struct odl_lanes){0}, 2, 2, core, odl_by_halves, 0, div_f16_halves);
}
