/* y = x * scale[channel] + shift[channel] on PULP cores, rounded once. */
#include "elementwise_xpulp.h"

/* Where a channel has a single element. */
#define T float
#define NAME odl_scale_shift_f32_xpulp_any
static odl_kernel NAME;
#include "scale_shift.inc"
#undef T
#undef NAME

#define T _Float16
#define NAME odl_scale_shift_f16_xpulp_any
static odl_kernel NAME;
#include "scale_shift.inc"

#define F32(a, b) "fmadd.s " a ", " a ", %[c], %[d]\n"
#define F16(a, b) XPULP_OP("add", b, "%[d]", "zero") XPULP_MAC(b, a, "%[c]")
#define F16_MOVE(a, b) XPULP_OP("add", a, b, "zero")

ODL_LANES(words, XPULP_LW, XPULP_NO_LOAD, F32, XPULP_NO_OP, XPULP_SW, 3)
ODL_LANES(pairs, XPULP_LW, XPULP_NO_LOAD, F16, F16_MOVE, XPULP_SW, 5)
ODL_LANES(halves, XPULP_LH, XPULP_NO_LOAD, F16, F16_MOVE, XPULP_SH, 5)

/* Rows are (outer, channel). */
#define SCALE_SHIFT(SUFFIX, T, WAY, WORDS, NUMBER)                                                 \
    void odl_scale_shift_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                \
        const struct odl_scale_shift *p = args;                                                    \
        if (p->inner == 1) {                                                                       \
            odl_scale_shift_##SUFFIX##_xpulp_any(args, core);                                      \
            return;                                                                                \
        }                                                                                          \
        const struct odl_range r = odl_share(p->outer * p->channels, 1, core.id, core.count);      \
        const T *scale = p->scale, *shift = p->shift;                                              \
        struct odl_lanes lanes = {.n = p->inner, .a_step = 1, .y_step = 1};                        \
        for (int32_t row = r.begin; row < r.end; row++) {                                          \
            lanes.a = (const T *)p->x + row * p->inner;                                            \
            lanes.y = (T *)p->y + row * p->inner;                                                  \
            lanes.c = scale[row % p->channels] * NUMBER;                                           \
            lanes.d = shift[row % p->channels] * NUMBER;                                           \
            WAY(WORDS, halves, lanes);                                                             \
        }                                                                                          \
    }

SCALE_SHIFT(f32, uint32_t, odl_by_words, words, 1u)
SCALE_SHIFT(f16, uint16_t, odl_by_pairs, pairs, 0x10001u)
