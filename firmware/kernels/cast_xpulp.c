/*
 * Cast between the floats on PULP cores, where two singles become a pair by one instruction, and of
 * truth values and integers of 32 bits.
 */
#include "elementwise_xpulp.h"

#define PACK(a, b) XPULP_PACK(a, a, b)
#define ROUND(a, b) "fcvt.h.s " a ", " a "\n"
#define CONVERT(a, b) "fcvt.s.w " a ", " a "\n"
#define WIDEN(a, b) "fcvt.s.h " a ", " a "\n"

ODL_LANES(round_pairs, XPULP_LW, XPULP_LW, PACK, XPULP_NO_OP, XPULP_SW, 4)
ODL_LANES(round_one, XPULP_LW, XPULP_NO_LOAD, ROUND, XPULP_NO_OP, XPULP_SH, 3)
ODL_LANES(count, XPULP_LBU, XPULP_NO_LOAD, XPULP_NO_OP, XPULP_NO_OP, XPULP_SW, 2)
ODL_LANES(to_single, XPULP_LW, XPULP_NO_LOAD, CONVERT, XPULP_NO_OP, XPULP_SW, 3)
ODL_LANES(widen, XPULP_LH, XPULP_NO_LOAD, WIDEN, XPULP_NO_OP, XPULP_SW, 3)

void odl_cast_f32_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_cast *p = args;
    const struct odl_range r = odl_share(p->n, 2, core.id, core.count);
    const float *x = (const float *)p->x + r.begin;
    const int32_t n = r.end - r.begin;
    struct odl_lanes lanes = {.a = x,
                              .b = x + 1,
                              .y = (uint16_t *)p->y + r.begin,
                              .n = n / 2,
                              .a_step = 8,
                              .b_step = 8,
                              .y_step = 4};
    round_pairs(&lanes);
    if (n & 1) {
        lanes.a = x + n - 1;
        lanes.y = (uint16_t *)lanes.y + n - 1;
        lanes.n = 1;
        round_one(&lanes);
    }
}

/* To words, from elements of `size` bytes. */
ODL_ALWAYS void to_words(const struct odl_cast *p, int32_t size, struct odl_core core,
                         odl_lanes_run *run) {
    const struct odl_range r = odl_share(p->n, 1, core.id, core.count);
    const struct odl_lanes lanes = {.a = (const char *)p->x + r.begin * size,
                                    .y = (char *)p->y + r.begin * 4,
                                    .n = r.end - r.begin,
                                    .a_step = size,
                                    .y_step = 4};
    run(&lanes);
}

void odl_cast_f16_f32_xpulp(const void *args, struct odl_core core) {
    to_words(args, 2, core, widen);
}

void odl_cast_b8_i32_xpulp(const void *args, struct odl_core core) {
    to_words(args, 1, core, count);
}

void odl_cast_i32_f32_xpulp(const void *args, struct odl_core core) {
    to_words(args, 4, core, to_single);
}
