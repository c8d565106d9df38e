/*
 * PRelu on PULP cores: where a is below 0 the product takes its place: a ^ ((a ^ ab) & mask). The
 * mask is made of truth values, for halves by a product.
 */
#include "elementwise_xpulp.h"

#define F32_FIRST(a, b)                                                                            \
    XPULP_OP("fmul.s", b, a, b)                                                                    \
    XPULP_OP("xor", b, b, a)                                                                       \
    XPULP_OP("flt.s", "%[t]", a, "zero")                                                           \
    XPULP_OP("sub", "%[t]", "zero", "%[t]") XPULP_OP("and", b, b, "%[t]")
#define F16_FIRST(a, b)                                                                            \
    XPULP_MUL(b, a, b)                                                                             \
    XPULP_OP("xor", b, b, a)                                                                       \
    XPULP_LESS("%[t]", a, "zero")                                                                  \
    XPULP_OP("mul", "%[t]", "%[t]", "%[c]") XPULP_OP("and", b, b, "%[t]")
#define SECOND(a, b) XPULP_OP("xor", a, a, b)

BINARY_WORDS(prelu, f32, F32_FIRST, SECOND, 6, 0, 0)
BINARY_F16(prelu, F16_FIRST, SECOND, 6, 0xffff, 0)
