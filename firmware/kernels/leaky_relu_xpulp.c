/*
 * LeakyRelu on PULP cores: the smaller of x and 0 is taken out of x and comes back times alpha. Of
 * halves alpha is one too, if it has a normal number there.
 */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b) XPULP_OP("fmin.s", b, a, "zero") XPULP_OP("xor", a, a, b)
#define F32_SECOND(a, b) "fmadd.s " a ", " b ", %[c], " a "\n"
#define F16_FIRST(a, b) XPULP_MIN(b, a, "zero") XPULP_OP("xor", a, a, b)
#define F16_SECOND(a, b) XPULP_MAC(a, b, "%[c]")
#define WIDE_FIRST(a, b) XPULP_WIDEN(a) F32_FIRST(a, b)
#define WIDE_SECOND(a, b) F32_SECOND(a, b) XPULP_NARROW(a)

UNARY_F32(leaky_relu, F32_FIRST, F32_SECOND, 3, odl_bits_of(p->alpha), 0)
LANES_F16(leaky_relu, XPULP_NO_LOAD, XPULP_NO_LOAD, F16_FIRST, F16_SECOND, 5)
ODL_LANES(leaky_relu_f16_wide, XPULP_LH, XPULP_NO_LOAD, WIDE_FIRST, WIDE_SECOND, XPULP_SH, 7)

void odl_leaky_relu_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_leaky_relu *p = args;
    const float size = __builtin_fabsf(p->alpha);
    struct odl_lanes lanes = {.a = p->x, .y = p->y, .n = p->n};
    if (size >= 0x1p-14f && size <= 65504.0f) {
        lanes.c = odl_pair_of((_Float16)p->alpha, (_Float16)p->alpha);
        odl_unary_lanes(lanes, 2, core, odl_by_pairs, leaky_relu_f16_pairs, leaky_relu_f16_halves);
    } else {
        lanes.c = odl_bits_of(p->alpha);
        odl_unary_lanes(lanes, 2, core, odl_by_halves, 0, leaky_relu_f16_wide);
    }
}
