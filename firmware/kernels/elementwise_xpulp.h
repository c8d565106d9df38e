/*
 * Elementwise kernels on PULP cores from texts of instructions; FIRST and SECOND as in
 * xpulp_lanes.h, LENGTH is the number of instructions that they make. Results are those of the
 * portable kernels.
 */
#ifndef ODL_ELEMENTWISE_XPULP_H
#define ODL_ELEMENTWISE_XPULP_H

#include "xpulp_lanes.h"

/* y[i] = f(x[i]), each core its share of whole words. */
ODL_ALWAYS void odl_unary_lanes(struct odl_lanes lanes, int32_t size, struct odl_core core,
                                odl_lanes_way *way, odl_lanes_run *words, odl_lanes_run *halves) {
    const struct odl_range r = odl_share(lanes.n, 4 / size, core.id, core.count);
    lanes.a = (const char *)lanes.a + r.begin * size;
    lanes.y = (char *)lanes.y + r.begin * size;
    lanes.n = r.end - r.begin;
    lanes.a_step = lanes.y_step = 1;
    way(words, halves, lanes);
}

ODL_ALWAYS void odl_binary_lanes(const struct odl_binary *p, uint32_t c, uint32_t d, int32_t size,
                                 int32_t y_size, struct odl_core core, int is_row,
                                 odl_lanes_way *way, odl_lanes_run *words, odl_lanes_run *halves) {
    const struct odl_lane_operand a = {p->a_stride, size}, b = {p->b_stride, size}, y = {0, y_size};
    const struct odl_lanes lanes = {.a = p->a, .b = p->b, .y = p->y, .c = c, .d = d};
    odl_lanes_of_nest(p->dims, lanes, a, b, y, core, is_row, way, words, halves);
}

#define LANES_F16(KERNEL, LOAD_B, LOAD_B_HALF, FIRST, SECOND, LENGTH)                              \
    ODL_LANES(KERNEL##_f16_pairs, XPULP_LW, LOAD_B, FIRST, SECOND, XPULP_SW, LENGTH)               \
    ODL_LANES(KERNEL##_f16_halves, XPULP_LH, LOAD_B_HALF, FIRST, SECOND, XPULP_SH, LENGTH)

/* C and D are the values of %[c] and %[d], which may look at p. */
#define UNARY_F32(KERNEL, FIRST, SECOND, LENGTH, C, D)                                             \
    ODL_LANES(KERNEL##_f32_words, XPULP_LW, XPULP_NO_LOAD, FIRST, SECOND, XPULP_SW, 2 + LENGTH)    \
    void odl_##KERNEL##_f32_xpulp(const void *args, struct odl_core core) {                        \
        const struct odl_##KERNEL *p = args;                                                       \
        const struct odl_lanes lanes = {.a = p->x, .y = p->y, .n = p->n, .c = C, .d = D};          \
        odl_unary_lanes(lanes, 4, core, odl_by_words, KERNEL##_f32_words, 0);                      \
    }
#define UNARY_F16(KERNEL, FIRST, SECOND, LENGTH, C, D)                                             \
    LANES_F16(KERNEL, XPULP_NO_LOAD, XPULP_NO_LOAD, FIRST, SECOND, 2 + LENGTH)                     \
    void odl_##KERNEL##_f16_xpulp(const void *args, struct odl_core core) {                        \
        const struct odl_##KERNEL *p = args;                                                       \
        const struct odl_lanes lanes = {.a = p->x, .y = p->y, .n = p->n, .c = C, .d = D};          \
        odl_unary_lanes(lanes, 2, core, odl_by_pairs, KERNEL##_f16_pairs, KERNEL##_f16_halves);    \
    }

/* One half at a time, which FIRST may widen if SECOND narrows the result. */
#define UNARY_HALVES(KERNEL, FIRST, SECOND, LENGTH, C, D)                                          \
    ODL_LANES(KERNEL##_f16_halves, XPULP_LH, XPULP_NO_LOAD, FIRST, SECOND, XPULP_SH, 2 + LENGTH)   \
    void odl_##KERNEL##_f16_xpulp(const void *args, struct odl_core core) {                        \
        const struct odl_##KERNEL *p = args;                                                       \
        const struct odl_lanes lanes = {.a = p->x, .y = p->y, .n = p->n, .c = C, .d = D};          \
        odl_unary_lanes(lanes, 2, core, odl_by_halves, 0, KERNEL##_f16_halves);                    \
    }

/* Of words: singles or integers, as SUFFIX says. */
#define BINARY_WORDS(KERNEL, SUFFIX, FIRST, SECOND, LENGTH, C, D)                                  \
    ODL_LANES(KERNEL##_##SUFFIX##_words, XPULP_LW, XPULP_LW, FIRST, SECOND, XPULP_SW, 3 + LENGTH)  \
    ODL_NEST_KERNEL(                                                                               \
        odl_##KERNEL##_##SUFFIX##_xpulp, odl_binary,                                               \
        odl_binary_lanes(p, C, D, 4, 4, core, is_row, odl_by_words, KERNEL##_##SUFFIX##_words, 0))
#define BINARY_F16(KERNEL, FIRST, SECOND, LENGTH, C, D)                                            \
    LANES_F16(KERNEL, XPULP_LW, XPULP_LH, FIRST, SECOND, 3 + LENGTH)                               \
    ODL_NEST_KERNEL(odl_##KERNEL##_f16_xpulp, odl_binary,                                          \
                    odl_binary_lanes(p, C, D, 2, 2, core, is_row, odl_by_pairs,                    \
                                     KERNEL##_f16_pairs, KERNEL##_f16_halves))

/* A truth value from two words, or two halves. */
#define TEST_WORDS(KERNEL, SUFFIX, FIRST, SECOND, LENGTH)                                          \
    ODL_LANES(KERNEL##_##SUFFIX##_words, XPULP_LW, XPULP_LW, FIRST, SECOND, XPULP_SB, 3 + LENGTH)  \
    ODL_NEST_KERNEL(odl_##KERNEL##_##SUFFIX##_xpulp, odl_binary,                                   \
                    odl_binary_lanes(p, 0, 0, 4, 1, core, is_row, odl_words_to_bytes,              \
                                     KERNEL##_##SUFFIX##_words, 0))
#define TEST_F16(KERNEL, FIRST, SECOND, LENGTH)                                                    \
    ODL_LANES(KERNEL##_f16_halves, XPULP_LH, XPULP_LH, FIRST, SECOND, XPULP_SB, 3 + LENGTH)        \
    ODL_NEST_KERNEL(odl_##KERNEL##_f16_xpulp, odl_binary,                                          \
                    odl_binary_lanes(p, 0, 0, 2, 1, core, is_row, odl_halves_to_bytes, 0,          \
                                     KERNEL##_f16_halves))

ODL_ALWAYS void odl_words_to_bytes(odl_lanes_run *words, odl_lanes_run *halves,
                                   struct odl_lanes lanes) {
    (void)halves;
    lanes = odl_lanes_in_bytes(lanes, 4, 1);
    words(&lanes);
}

ODL_ALWAYS void odl_halves_to_bytes(odl_lanes_run *words, odl_lanes_run *halves,
                                    struct odl_lanes lanes) {
    (void)words;
    lanes = odl_lanes_in_bytes(lanes, 2, 1);
    halves(&lanes);
}

#endif
