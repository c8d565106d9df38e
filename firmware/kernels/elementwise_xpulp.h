/*
 * Elementwise kernels on PULP cores from texts of instructions; FIRST and SECOND as in
 * xpulp_lanes.h, LENGTH is the number of instructions that they make. The results are those of the
 * portable kernels, bit for bit.
 */
#ifndef ODL_ELEMENTWISE_XPULP_H
#define ODL_ELEMENTWISE_XPULP_H

#include "xpulp_lanes.h"

/* y[i] = f(x[i]), each core its share of whole words. */
ODL_ALWAYS void odl_unary_lanes(struct odl_lanes lanes, int32_t size, struct odl_core core,
                                odl_lanes_run *words, odl_lanes_run *halves) {
    const struct odl_range r = odl_share(lanes.n, 4 / size, core.id, core.count);
    lanes.a = (const char *)lanes.a + r.begin * size;
    lanes.y = (char *)lanes.y + r.begin * size;
    lanes.n = r.end - r.begin;
    lanes.a_step = lanes.y_step = 1;
    lanes.b_step = 0;
    (size == 2 ? odl_run_halves : odl_run_words)(words, halves, lanes);
}

/* y[i] = f(a[i . a_stride], b[i . b_stride]), most often over one dimension. */
ODL_ALWAYS void odl_binary_lanes(const struct odl_binary *p, struct odl_lanes lanes, int32_t size,
                                 struct odl_core core, odl_lanes_run *words,
                                 odl_lanes_run *halves) {
    const int32_t last = ODL_RANK - 1, width = p->dims[last];
    const int32_t n = odl_nest_size(p->dims);
    struct odl_range r = odl_share(n, 4 / size, core.id, core.count);
    int32_t i[ODL_RANK] = {0};
    lanes.a_step = p->a_stride[last];
    lanes.b_step = p->b_stride[last];
    lanes.y_step = 1;
    i[last] = r.begin;
    if (n != width) {
        odl_nest_seek(i, p->dims, r.begin);
    }
    while (r.begin < r.end) {
        const int32_t left = r.end - r.begin, row = width - i[last];
        const int32_t a = n == width ? i[last] * lanes.a_step : odl_nest_offset(i, p->a_stride);
        const int32_t b = n == width ? i[last] * lanes.b_step : odl_nest_offset(i, p->b_stride);
        lanes.a = (const char *)p->a + a * size;
        lanes.b = (const char *)p->b + b * size;
        lanes.y = (char *)p->y + r.begin * size;
        lanes.n = row < left ? row : left;
        (size == 2 ? odl_run_halves : odl_run_words)(words, halves, lanes);
        odl_nest_advance(i, p->dims, lanes.n);
        r.begin += lanes.n;
    }
}

#define LANES_F32(KERNEL, LOAD_B, FIRST, SECOND, LENGTH)                                           \
    ODL_LANES(KERNEL##_f32_words, XPULP_LW, LOAD_B, FIRST, SECOND, XPULP_SW, LENGTH)
#define LANES_F16(KERNEL, LOAD_B, LOAD_B_HALF, FIRST, SECOND, LENGTH)                              \
    ODL_LANES(KERNEL##_f16_words, XPULP_LW, LOAD_B, FIRST, SECOND, XPULP_SW, LENGTH)               \
    ODL_LANES(KERNEL##_f16_halves, XPULP_LH, LOAD_B_HALF, FIRST, SECOND, XPULP_SH, LENGTH)

/* C and D are the values of %[c] and %[d], which may look at p. */
#define UNARY_F32(KERNEL, FIRST, SECOND, LENGTH, C, D)                                             \
    LANES_F32(KERNEL, XPULP_NO_LOAD, FIRST, SECOND, 2 + LENGTH)                                    \
    void odl_##KERNEL##_f32_xpulp(const void *args, struct odl_core core) {                        \
        const struct odl_##KERNEL *p = args;                                                       \
        const struct odl_lanes lanes = {.a = p->x, .y = p->y, .n = p->n, .c = C, .d = D};          \
        odl_unary_lanes(lanes, 4, core, KERNEL##_f32_words, 0);                                    \
    }
#define UNARY_F16(KERNEL, FIRST, SECOND, LENGTH, C, D)                                             \
    LANES_F16(KERNEL, XPULP_NO_LOAD, XPULP_NO_LOAD, FIRST, SECOND, 2 + LENGTH)                     \
    void odl_##KERNEL##_f16_xpulp(const void *args, struct odl_core core) {                        \
        const struct odl_##KERNEL *p = args;                                                       \
        const struct odl_lanes lanes = {.a = p->x, .y = p->y, .n = p->n, .c = C, .d = D};          \
        odl_unary_lanes(lanes, 2, core, KERNEL##_f16_words, KERNEL##_f16_halves);                  \
    }
#define BINARY_F32(KERNEL, SUFFIX, FIRST, SECOND, LENGTH, C, D)                                    \
    ODL_LANES(KERNEL##_##SUFFIX##_words, XPULP_LW, XPULP_LW, FIRST, SECOND, XPULP_SW, 3 + LENGTH)  \
    void odl_##KERNEL##_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                 \
        odl_binary_lanes(args, (struct odl_lanes){.c = C, .d = D}, 4, core,                        \
                         KERNEL##_##SUFFIX##_words, 0);                                            \
    }
#define BINARY_F16(KERNEL, FIRST, SECOND, LENGTH, C, D)                                            \
    LANES_F16(KERNEL, XPULP_LW, XPULP_LH, FIRST, SECOND, 3 + LENGTH)                               \
    void odl_##KERNEL##_f16_xpulp(const void *args, struct odl_core core) {                        \
        odl_binary_lanes(args, (struct odl_lanes){.c = C, .d = D}, 2, core, KERNEL##_f16_words,    \
                         KERNEL##_f16_halves);                                                     \
    }

#endif
