/* Gathering through offset tables on PULP cores: the outer tables are read once a row. */
#include "nest.h"
#include "xpulp.h"

/* The longest row whose table is copied to fast memory. */
enum { NEAR = 64 };

/* The offset of the row of y at i, or -1 where it is all filler. */
static int32_t row_of(const struct odl_take *p, const int32_t i[ODL_RANK]) {
    const int32_t *table = p->table;
    int32_t offset = 0, inside = 1;
    for (int32_t d = ODL_RANK - p->rank; d < ODL_RANK - 1; d++) {
        inside &= table[i[d]] >= 0;
        offset += table[i[d]];
        table += p->dims[d];
    }
    return inside ? offset : -1;
}

static const int32_t *table_of_rows(const struct odl_take *p, int32_t near[NEAR]) {
    const int32_t *table = p->table, width = p->dims[ODL_RANK - 1];
    for (int32_t d = ODL_RANK - p->rank; d < ODL_RANK - 1; d++) {
        table += p->dims[d];
    }
    if (width > NEAR) {
        return table;
    }
    for (int32_t k = 0; k < width; k++) {
        near[k] = table[k];
    }
    return near;
}

#define TAKE(SUFFIX, T)                                                                            \
    void odl_take_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                       \
        const struct odl_take *p = args;                                                           \
        const int32_t last = ODL_RANK - 1;                                                         \
        struct odl_range r =                                                                       \
            odl_share(odl_nest_size(p->dims), 4 / sizeof(T), core.id, core.count);                 \
        const T filler = p->value ? *(const T *)p->value : 0;                                      \
        int32_t near[NEAR], i[ODL_RANK];                                                           \
        const int32_t *table = table_of_rows(p, near);                                             \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        while (r.begin < r.end) {                                                                  \
            const int32_t left = r.end - r.begin, rest = p->dims[last] - i[last];                  \
            const int32_t run = rest < left ? rest : left, row = row_of(p, i);                     \
            const T *x = (const T *)p->x + row;                                                    \
            T *y = (T *)p->y + r.begin;                                                            \
            for (int32_t k = 0; k < run; k++) {                                                    \
                const int32_t offset = table[i[last] + k];                                         \
                y[k] = row >= 0 && offset >= 0 ? x[offset] : filler;                               \
            }                                                                                      \
            odl_nest_advance(i, p->dims, run);                                                     \
            r.begin += run;                                                                        \
        }                                                                                          \
    }

TAKE(b32, uint32_t)
TAKE(b16, uint16_t)
