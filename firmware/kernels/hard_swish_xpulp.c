/* HardSwish on PULP cores: x max(min(x / 6 + 1/2, 1), 0), 1 being twice 1/2; NaN times 0 is NaN. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) "fmadd.s " b ", " a ", %[c], %[d]\n" XPULP_OP("fmax.s", b, b, "zero")
#define F32_SECOND(a, b)                                                                           \
    XPULP_OP("fadd.s", "%[t]", "%[d]", "%[d]")                                                     \
    XPULP_OP("fmin.s", b, b, "%[t]") XPULP_OP("fmul.s", a, a, b)
#define F16_FIRST(a, b) "mv " b ", %[d]\n" XPULP_MAC(b, a, "%[c]") XPULP_MAX(b, b, "zero")
#define F16_SECOND(a, b)                                                                           \
    XPULP_ADD("%[t]", "%[d]", "%[d]") XPULP_MIN(b, b, "%[t]") XPULP_MUL(a, a, b)

UNARY_F32(hard_swish, F32_FIRST, F32_SECOND, 5, odl_bits_of(1.0f / 6.0f), odl_bits_of(0.5f))
UNARY_F16(hard_swish, F16_FIRST, F16_SECOND, 6, 0x31553155u, 0x38003800u)
