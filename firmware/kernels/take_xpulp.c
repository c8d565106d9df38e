/*
 * Gathering through offset tables on PULP cores: the outer tables are read once a row, and that of
 * the last axis is looked through once, for where fillers stand.
 */
#include "xpulp_lanes.h"

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

/* A row's offsets, those of its sources, and what stands between the first and the last of them. */
struct row {
    const int32_t *table;
    struct odl_range sources;
    enum { FILLERS_TOO, SOURCES, NEIGHBOURS } between;
};

static struct row look_through(const int32_t *table, int32_t n) {
    struct row row = {table, {0, n}, NEIGHBOURS};
    struct odl_range *r = &row.sources;
    while (r->end > 0 && table[r->end - 1] < 0) {
        r->end--;
    }
    while (r->begin < r->end && table[r->begin] < 0) {
        r->begin++;
    }
    for (int32_t k = r->begin; k < r->end; k++) {
        if (table[k] < 0) {
            row.between = FILLERS_TOO;
            break;
        }
        if (table[k] != table[r->begin] + (k - r->begin)) {
            row.between = SOURCES;
        }
    }
    return row;
}

static struct row row_of_tables(const struct odl_take *p, int32_t near[NEAR]) {
    const int32_t *table = p->table, width = p->dims[ODL_RANK - 1];
    for (int32_t d = ODL_RANK - p->rank; d < ODL_RANK - 1; d++) {
        table += p->dims[d];
    }
    if (width > NEAR) {
        return look_through(table, width);
    }
    odl_copy_row(near, table, width * 4);
    return look_through(near, width);
}

/* Where the part of `row` from k on, `n` long, has its sources. */
static struct odl_range sources_of(const struct row *row, int32_t k, int32_t n) {
    const int32_t begin = row->sources.begin - k, end = row->sources.end - k;
    const int32_t last = end < 0 ? 0 : end < n ? end : n;
    return (struct odl_range){begin < 0 ? 0 : begin < last ? begin : last, last};
}

#define LH_AT(rd, rs1, rs2) ".insn r 0x03, 7, 0x08, " rd ", " rs1 ", " rs2 "\n"
#define WORD_OFFSET(a, b) "slli " a ", " a ", 2\n"
#define HALF_OFFSET(a, b) "slli " a ", " a ", 1\n"
#define WORD_AT(a, b) XPULP_LW_AT(a, a, "%[c]")
#define HALF_AT(a, b) LH_AT(a, a, "%[c]")

ODL_LANES(pick_b32, XPULP_LW, XPULP_NO_LOAD, WORD_OFFSET, WORD_AT, XPULP_SW, 4)
ODL_LANES(pick_b16, XPULP_LW, XPULP_NO_LOAD, HALF_OFFSET, HALF_AT, XPULP_SH, 4)

#define TAKE(SUFFIX, T)                                                                            \
    static void fill_##SUFFIX(T *y, int32_t n, T filler) {                                         \
        for (int32_t k = 0; k < n; k++) {                                                          \
            y[k] = filler;                                                                         \
        }                                                                                          \
    }                                                                                              \
    /* The part of a row from k on, n long; x is what its offsets count from. */                   \
    static void part_##SUFFIX(const struct row *row, const T *x, int32_t k, T *y, int32_t n,       \
                              T filler) {                                                          \
        const struct odl_range r = sources_of(row, k, n);                                          \
        const int32_t count = r.end - r.begin, *table = row->table + k;                            \
        fill_##SUFFIX(y, r.begin, filler);                                                         \
        fill_##SUFFIX(y + r.end, n - r.end, filler);                                               \
        if (row->between == FILLERS_TOO) {                                                         \
            for (int32_t j = r.begin; j < r.end; j++) {                                            \
                y[j] = table[j] < 0 ? filler : x[table[j]];                                        \
            }                                                                                      \
        } else if (count > 0 && row->between == NEIGHBOURS) {                                      \
            odl_copy_row(y + r.begin, x + table[r.begin], count * (int32_t)sizeof(T));             \
        } else {                                                                                   \
            const struct odl_lanes lanes = {.a = table + r.begin,                                  \
                                            .y = y + r.begin,                                      \
                                            .n = count,                                            \
                                            .a_step = 4,                                           \
                                            .y_step = sizeof(T),                                   \
                                            .c = (uint32_t)(uintptr_t)x};                          \
            pick_##SUFFIX(&lanes);                                                                 \
        }                                                                                          \
    }                                                                                              \
    void odl_take_##SUFFIX##_xpulp(const void *args, struct odl_core core) {                       \
        const struct odl_take *p = args;                                                           \
        const int32_t last = ODL_RANK - 1;                                                         \
        struct odl_range r =                                                                       \
            odl_share(odl_nest_size(p->dims), 4 / sizeof(T), core.id, core.count);                 \
        const T filler = p->value ? *(const T *)p->value : 0;                                      \
        int32_t near[NEAR], i[ODL_RANK];                                                           \
        const struct row all = row_of_tables(p, near);                                             \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        while (r.begin < r.end) {                                                                  \
            const int32_t left = r.end - r.begin, rest = p->dims[last] - i[last];                  \
            const int32_t run = rest < left ? rest : left, row = row_of(p, i);                     \
            T *y = (T *)p->y + r.begin;                                                            \
            if (row < 0) {                                                                         \
                fill_##SUFFIX(y, run, filler);                                                     \
            } else {                                                                               \
                part_##SUFFIX(&all, (const T *)p->x + row, i[last], y, run, filler);               \
            }                                                                                      \
            odl_nest_advance(i, p->dims, run);                                                     \
            r.begin += run;                                                                        \
        }                                                                                          \
    }

TAKE(b32, uint32_t)
TAKE(b16, uint16_t)
