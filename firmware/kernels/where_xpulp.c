/* Choosing between two tensors on PULP cores: the difference of their bits under the condition. */
#include "xpulp_lanes.h"

struct streams {
    const void *condition, *a, *b;
    void *y;
    int32_t n, condition_step, a_step, b_step;
};

#define LOADS(LOAD, c, a, b)                                                                       \
    XPULP_LBU(c, "%[c]", "%[c_step]") LOAD(a, "%[a]", "%[a_step]") LOAD(b, "%[b]", "%[b_step]")
#define CHOOSE(STORE, c, a, b)                                                                     \
    XPULP_OP("sub", c, "zero", c)                                                                  \
    XPULP_OP("xor", a, a, b)                                                                       \
    XPULP_OP("and", a, a, c) XPULP_OP("xor", a, a, b) STORE(a, "%[y]", "%[y_step]")

/* Two elements at a time, and the last of an odd number alone. */
#define WHERE(NAME, SIZE, LOAD, STORE)                                                             \
    static void NAME(struct streams s) {                                                           \
        uint32_t c0, c1, a0, a1, b0, b1;                                                           \
        if (s.n > 1) {                                                                             \
            __asm__ volatile(XPULP_LOOP("%[n]", "16")                                              \
                                 XPULP_WIDE(LOADS(LOAD, "%[c0]", "%[a0]", "%[b0]")                 \
                                                LOADS(LOAD, "%[c1]", "%[a1]", "%[b1]")             \
                                                    CHOOSE(STORE, "%[c0]", "%[a0]", "%[b0]")       \
                                                        CHOOSE(STORE, "%[c1]", "%[a1]", "%[b1]"))  \
                             : [c] "+r"(s.condition), [a] "+r"(s.a), [b] "+r"(s.b), [y] "+r"(s.y), \
                               [c0] "=&r"(c0), [c1] "=&r"(c1), [a0] "=&r"(a0), [a1] "=&r"(a1),     \
                               [b0] "=&r"(b0), [b1] "=&r"(b1)                                      \
                             : [n] "r"(s.n / 2), [c_step] "r"(s.condition_step),                   \
                               [a_step] "r"(s.a_step), [b_step] "r"(s.b_step), [y_step] "r"(SIZE)  \
                             : "memory");                                                          \
        }                                                                                          \
        if (s.n & 1) {                                                                             \
            __asm__ volatile(LOADS(LOAD, "%[c0]", "%[a0]", "%[b0]")                                \
                                 CHOOSE(STORE, "%[c0]", "%[a0]", "%[b0]")                          \
                             : [c] "+r"(s.condition), [a] "+r"(s.a), [b] "+r"(s.b), [y] "+r"(s.y), \
                               [c0] "=&r"(c0), [a0] "=&r"(a0), [b0] "=&r"(b0)                      \
                             : [c_step] "r"(s.condition_step), [a_step] "r"(s.a_step),             \
                               [b_step] "r"(s.b_step), [y_step] "r"(SIZE)                          \
                             : "memory");                                                          \
        }                                                                                          \
    }

WHERE(odl_where_b32_xpulp_run, 4, XPULP_LW, XPULP_SW)
WHERE(odl_where_b16_xpulp_run, 2, XPULP_LH, XPULP_SH)

/* A core's share, row by row of the nest. */
ODL_ALWAYS void where(const struct odl_where *p, int32_t size, struct odl_core core,
                      void run(struct streams)) {
    const int32_t last = ODL_RANK - 1, width = p->dims[last], n = odl_nest_size(p->dims);
    struct odl_range r = odl_share(n, 4 / size, core.id, core.count);
    struct streams s = {.condition_step = p->condition_stride[last],
                        .a_step = p->a_stride[last] * size,
                        .b_step = p->b_stride[last] * size};
    const struct odl_lane_operand c = {p->condition_stride, 1}, a = {p->a_stride, size},
                                  b = {p->b_stride, size};
    const int is_row = n == width;
    int32_t i[ODL_RANK] = {0};
    i[last] = r.begin;
    if (!is_row) {
        odl_nest_seek(i, p->dims, r.begin);
    }
    while (r.begin < r.end) {
        const int32_t left = r.end - r.begin, row = width - i[last];
        s.n = row < left ? row : left;
        s.condition = (const char *)p->condition + odl_lane_place(c, i, 0, is_row);
        s.a = (const char *)p->a + odl_lane_place(a, i, 0, is_row);
        s.b = (const char *)p->b + odl_lane_place(b, i, 0, is_row);
        s.y = (char *)p->y + r.begin * size;
        uint32_t same[2];
        if (s.a_step == 0) {
            same[0] = odl_lane_same(s.a, size);
            s.a = &same[0];
        }
        if (s.b_step == 0) {
            same[1] = odl_lane_same(s.b, size);
            s.b = &same[1];
        }
        run(s);
        r.begin += s.n;
        if (!is_row) {
            odl_nest_advance(i, p->dims, s.n);
        }
    }
}

void odl_where_b32_xpulp(const void *args, struct odl_core core) {
    where(args, 4, core, odl_where_b32_xpulp_run);
}

void odl_where_b16_xpulp(const void *args, struct odl_core core) {
    where(args, 2, core, odl_where_b16_xpulp_run);
}
