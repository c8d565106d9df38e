/* Div of floats on PULP cores: the divider takes one half at a time. */
#include "elementwise_xpulp.h"

#define F32(a, b) XPULP_OP("fdiv.s", a, a, b)
#define F16(a, b) XPULP_OP("fdiv.h", a, a, b)

BINARY_WORDS(div, f32, F32, XPULP_NO_OP, 1, 0, 0)

ODL_LANES(div_f16_halves, XPULP_LH, XPULP_LH, F16, XPULP_NO_OP, XPULP_SH, 4)
ODL_NEST_KERNEL(odl_div_f16_xpulp, odl_binary,
                odl_binary_lanes(p, 0, 0, 2, 2, core, is_row, odl_by_halves, 0, div_f16_halves))
