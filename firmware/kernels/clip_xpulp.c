/*
 * Clip on PULP cores: x ^ min(x, low) ^ low is x or low, whichever is larger, and NaN stays, for of
 * it and low the minimum is low; likewise for high. A limit that is absent is infinite.
 */
#include "elementwise_xpulp.h"

#define CLIP(instruction, a, b, limit)                                                             \
    instruction(b, a, limit) XPULP_OP("xor", a, a, b) XPULP_OP("xor", a, a, limit)
#define F32_MIN(rd, rs1, rs2) XPULP_OP("fmin.s", rd, rs1, rs2)
#define F32_MAX(rd, rs1, rs2) XPULP_OP("fmax.s", rd, rs1, rs2)
#define F32_LOW(a, b) CLIP(F32_MIN, a, b, "%[c]")
#define F32_HIGH(a, b) CLIP(F32_MAX, a, b, "%[d]")
#define F16_LOW(a, b) CLIP(XPULP_MIN, a, b, "%[c]")
#define F16_HIGH(a, b) CLIP(XPULP_MAX, a, b, "%[d]")

static uint32_t word(const void *limit, uint32_t absent) {
    return limit ? *(const uint32_t *)limit : absent;
}

static uint32_t pair(const void *limit, uint32_t absent) {
    return (limit ? *(const uint16_t *)limit : absent) * 0x10001u;
}

UNARY_F32(clip, F32_LOW, F32_HIGH, 6, word(p->low, 0xff800000u), word(p->high, 0x7f800000u))
UNARY_F16(clip, F16_LOW, F16_HIGH, 6, pair(p->low, 0xfc00u), pair(p->high, 0x7c00u))
