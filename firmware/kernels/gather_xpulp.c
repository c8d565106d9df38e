/*
 * Gathering by tuples of indices on PULP cores: what one tuple moves is copied by words, and
 * indices are clamped in 32 bits.
 */
#include "nest.h"
#include "xpulp.h"

/*
 * The index at `index`, of two words if it is wide, into an axis of n: negative ones count from its
 * end; the nearest one that is inside.
 */
static inline int32_t index_at(const int32_t *index, int32_t wide, int32_t n) {
    int32_t i = index[0];
    if (wide && __builtin_expect(index[1] != i >> 31, 0)) {
        i = index[1] < 0 ? INT32_MIN : INT32_MAX;
    }
    i += n & (i >> 31);
    return __builtin_expect((uint32_t)i < (uint32_t)n, 1) ? i : i < 0 ? 0 : n - 1;
}

/* What the tuple at `index` adds to the place in x. */
static inline int32_t place_of(const struct odl_gather *p, const int32_t *index, int32_t wide) {
    int32_t place = index_at(index, wide, p->size[0]) * p->step[0];
    for (int32_t d = 1; d < p->depth; d++) {
        index += wide ? 2 : 1;
        place += index_at(index, wide, p->size[d]) * p->step[d];
    }
    return place;
}

/* The first dimension that has more than one element. */
static int32_t first_of(const int32_t dims[ODL_RANK]) {
    int32_t d = 0;
    while (d < ODL_RANK - 1 && dims[d] == 1) {
        d++;
    }
    return d;
}

#define GATHER(SUFFIX, T)                                                                          \
    /* n elements of which each has an index. */                                                   \
    static inline void elements_##SUFFIX(const struct odl_gather *p, const T *x,                   \
                                         const int32_t *index, T *y, int32_t n, int32_t wide) {    \
        const int32_t x_step = p->x_stride[ODL_RANK - 1];                                          \
        const int32_t step = p->index_stride[ODL_RANK - 1] << wide;                                \
        for (; n > 0; n--, x += x_step, index += step) {                                           \
            *y++ = x[place_of(p, index, wide)];                                                    \
        }                                                                                          \
    }                                                                                              \
    /* n elements of a row. */                                                                     \
    static void row_##SUFFIX(const struct odl_gather *p, const T *x, int32_t at, T *y,             \
                             int32_t n) {                                                          \
        const int32_t *index = (const int32_t *)p->index + (at << p->wide);                        \
        const int32_t x_step = p->x_stride[ODL_RANK - 1];                                          \
        if (p->index_stride[ODL_RANK - 1]) {                                                       \
            if (p->wide) {                                                                         \
                elements_##SUFFIX(p, x, index, y, n, 1);                                           \
            } else {                                                                               \
                elements_##SUFFIX(p, x, index, y, n, 0);                                           \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        x += place_of(p, index, p->wide);                                                          \
        if (x_step == 1) {                                                                         \
            odl_copy_row(y, x, n * (int32_t)sizeof(T));                                            \
            return;                                                                                \
        }                                                                                          \
        for (int32_t k = 0; k < n; k++) {                                                          \
            y[k] = x[k * x_step];                                                                  \
        }                                                                                          \
    }                                                                                              \
    void odl_gather_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                     \
        const struct odl_gather *p = args;                                                         \
        const int32_t last = ODL_RANK - 1, first = first_of(p->dims);                              \
        struct odl_range r =                                                                       \
            odl_share(odl_nest_size(p->dims), 4 / sizeof(T), core.id, core.count);                 \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        while (r.begin < r.end) {                                                                  \
            const int32_t left = r.end - r.begin, rest = p->dims[last] - i[last];                  \
            const int32_t run = rest < left ? rest : left;                                         \
            int32_t at = 0, from = 0;                                                              \
            for (int32_t d = first; d < ODL_RANK; d++) {                                           \
                from += i[d] * p->x_stride[d];                                                     \
                at += i[d] * p->index_stride[d];                                                   \
            }                                                                                      \
            row_##SUFFIX(p, (const T *)p->x + from, at, (T *)p->y + r.begin, run);                 \
            odl_nest_advance(i, p->dims, run);                                                     \
            r.begin += run;                                                                        \
        }                                                                                          \
    }

GATHER(b32, uint32_t)
GATHER(b16, uint16_t)
