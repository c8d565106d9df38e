/* HardSigmoid on PULP cores, of halves in single precision; NaN stays, as in Clip. */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b)                                                                            \
    "fmadd.s " a ", " a ", %[c], %[d]\n" XPULP_OP("fmin.s", b, a, "zero") XPULP_OP("xor", a, a, b)
#define F32_SECOND(a, b)                                                                           \
    "lui %[t], 0x3f800\n" XPULP_OP("fmax.s", b, a, "%[t]") XPULP_OP("xor", a, a, b)                \
        XPULP_OP("xor", a, a, "%[t]")
#define F16_FIRST(a, b) XPULP_WIDEN(a) F32_FIRST(a, b)
#define F16_SECOND(a, b) F32_SECOND(a, b) XPULP_NARROW(a)

UNARY_F32(hard_sigmoid, F32_FIRST, F32_SECOND, 7, odl_bits_of(p->alpha), odl_bits_of(p->beta))
UNARY_HALVES(hard_sigmoid, F16_FIRST, F16_SECOND, 9, odl_bits_of(p->alpha), odl_bits_of(p->beta))
