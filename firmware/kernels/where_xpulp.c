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

typedef void run_of(struct streams s);

/* n elements of a row from places c, a, b and y on. */
ODL_ALWAYS void from(const struct odl_where *p, const int32_t place[4], int32_t n, int32_t size,
                     run_of *run) {
    const int32_t last = ODL_RANK - 1;
    struct streams s = {.condition = (const char *)p->condition + place[0],
                        .a = (const char *)p->a + place[1] * size,
                        .b = (const char *)p->b + place[2] * size,
                        .y = (char *)p->y + place[3] * size,
                        .n = n,
                        .condition_step = p->condition_stride[last],
                        .a_step = p->a_stride[last] * size,
                        .b_step = p->b_stride[last] * size};
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
}

static __attribute__((noinline)) void rows(const struct odl_where *p, int32_t size,
                                           struct odl_core core, run_of *run) {
    const int32_t last = ODL_RANK - 1;
    struct odl_range r = odl_share(odl_nest_size(p->dims), 4 / size, core.id, core.count);
    int32_t i[ODL_RANK];
    odl_nest_seek(i, p->dims, r.begin);
    while (r.begin < r.end) {
        const int32_t left = r.end - r.begin, row = p->dims[last] - i[last];
        const int32_t n = row < left ? row : left;
        const int32_t place[4] = {odl_nest_offset(i, p->condition_stride),
                                  odl_nest_offset(i, p->a_stride), odl_nest_offset(i, p->b_stride),
                                  r.begin};
        from(p, place, n, size, run);
        odl_nest_advance(i, p->dims, n);
        r.begin += n;
    }
}

ODL_ALWAYS void where(const struct odl_where *p, int32_t size, struct odl_core core, run_of *run) {
    const int32_t last = ODL_RANK - 1;
    if (!odl_nest_is_row(p->dims)) {
        rows(p, size, core, run);
        return;
    }
    const struct odl_range r = odl_share(p->dims[last], 4 / size, core.id, core.count);
    if (r.begin < r.end) {
        const int32_t place[4] = {r.begin * p->condition_stride[last], r.begin * p->a_stride[last],
                                  r.begin * p->b_stride[last], r.begin};
        from(p, place, r.end - r.begin, size, run);
    }
}

void odl_where_b32_xpulp(const void *args, struct odl_core core) {
    where(args, 4, core, odl_where_b32_xpulp_run);
}

void odl_where_b16_xpulp(const void *args, struct odl_core core) {
    where(args, 2, core, odl_where_b16_xpulp_run);
}
