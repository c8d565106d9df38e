/*
 * Rows of elements on PULP cores, each by one hardware loop in another: ODL_GRID(NAME, ...) defines
 * NAME(grid), which does y[i, j] = f(a[i, j], b[i, j]) by texts of instructions as ODL_LANES does.
 */
#ifndef ODL_XPULP_GRID_H
#define ODL_XPULP_GRID_H

#include "xpulp_lanes.h"

/* Where rows stand; steps are from one element to the next and from row to row, in bytes. */
struct odl_grid {
    const void *a, *b;
    void *y;
    int32_t rows, n;
    int32_t a_step, b_step, y_step;
    int32_t a_row, b_row, y_row;
    uint32_t c;
};
typedef void odl_grid_run(const struct odl_grid *grid);

/* FIRST, SECOND and LENGTH as of ODL_LANES; there is no %[d]. */
#define ODL_GRID(NAME, LOAD_A, LOAD_B, FIRST, SECOND, STORE, LENGTH)                               \
    static void NAME(const struct odl_grid *grid) {                                                \
        const void *a = grid->a, *b = grid->b;                                                     \
        void *y = grid->y;                                                                         \
        const int32_t n = grid->n;                                                                 \
        uint32_t v, w, t;                                                                          \
        if (grid->rows > 0 && n > 0) {                                                             \
            __asm__ volatile(XPULP_OUTER_LOOP("%[rows]", XPULP_TEXT(4 + LENGTH))                   \
                                 XPULP_LOOP("%[n]", XPULP_TEXT(LENGTH)) XPULP_WIDE(                \
                                     LOAD_A("%[v]", "%[a]", "%[a_step]") LOAD_B(                   \
                                         "%[w]", "%[b]", "%[b_step]") FIRST("%[v]", "%[w]")        \
                                         SECOND("%[v]", "%[w]") STORE("%[v]", "%[y]", "%[y_step]") \
                                             XPULP_OP("add", "%[a]", "%[a]", "%[a_row]")           \
                                                 XPULP_OP("add", "%[b]", "%[b]", "%[b_row]")       \
                                                     XPULP_OP("add", "%[y]", "%[y]", "%[y_row]"))  \
                             : [a] "+&r"(a), [b] "+&r"(b), [y] "+&r"(y), [v] "=&r"(v),             \
                               [w] "=&r"(w), [t] "=&r"(t)                                          \
                             : [rows] "r"(grid->rows), [n] "r"(n), [a_step] "r"(grid->a_step),     \
                               [b_step] "r"(grid->b_step), [y_step] "r"(grid->y_step),             \
                               [a_row] "r"(grid->a_row - n * grid->a_step),                        \
                               [b_row] "r"(grid->b_row - n * grid->b_step),                        \
                               [y_row] "r"(grid->y_row - n * grid->y_step), [c] "r"(grid->c)       \
                             : "memory");                                                          \
        }                                                                                          \
    }

/* Over rows that are dense, whatever their steps say: words, or halves in pairs. */
static inline void odl_grid_by_words(odl_grid_run *words, const struct odl_grid *grid) {
    struct odl_grid dense = *grid;
    dense.a_step = dense.b_step = dense.y_step = 4;
    words(&dense);
}

static inline void odl_grid_by_pairs(odl_grid_run *pairs, odl_grid_run *halves,
                                     const struct odl_grid *grid) {
    struct odl_grid dense = *grid;
    const int32_t last = (grid->n - 1) * 2;
    dense.n = grid->n >> 1;
    dense.a_step = dense.b_step = dense.y_step = 4;
    pairs(&dense);
    if (grid->n & 1) {
        dense.a = (const char *)dense.a + last;
        dense.b = (const char *)dense.b + last;
        dense.y = (char *)dense.y + last;
        dense.n = 1;
        halves(&dense);
    }
}

#endif
