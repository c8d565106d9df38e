/* MaxPool in single precision on PULP cores. */
#include "xpulp_grid.h"

#define T float
#define FILLER (-__builtin_inff())

/* a ^ b ^ min(a, b): of two numbers the larger one; NaN, which is never the smaller one, stays. */
#define LARGER(a, b)                                                                               \
    XPULP_OP("fmin.s", "%[t]", a, b) XPULP_OP("xor", a, a, b) XPULP_OP("xor", a, a, "%[t]")

ODL_GRID(larger_words, XPULP_LW, XPULP_LW, LARGER, XPULP_NO_OP, XPULP_SW, 6)

#define TAKE(grid) odl_grid_by_words(larger_words, grid)
#define TAKE_APART larger_words
#define NAME odl_max_pool_f32_xpulp
#define NAME_(part) odl_max_pool_f32_xpulp_##part

#include "max_pool_xpulp.inc"

#undef NAME
#define NAME odl_max_pool_f32_xpulp_any
#include "max_pool.inc"
