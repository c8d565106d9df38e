/* MaxPool in half precision on PULP cores. */
#include "xpulp_grid.h"

#define T _Float16
#define FILLER (T)(-__builtin_inff())

/* a ^ b ^ min(a, b): of two numbers the larger one; NaN, which is never the smaller one, stays. */
#define LARGER(a, b) XPULP_MIN("%[t]", a, b) XPULP_OP("xor", a, a, b) XPULP_OP("xor", a, a, "%[t]")

ODL_GRID(larger_pairs, XPULP_LW, XPULP_LW, LARGER, XPULP_NO_OP, XPULP_SW, 6)
ODL_GRID(larger_halves, XPULP_LH, XPULP_LH, LARGER, XPULP_NO_OP, XPULP_SH, 6)

#define TAKE(grid) odl_grid_by_pairs(larger_pairs, larger_halves, grid)
#define TAKE_APART larger_halves
#define NAME odl_max_pool_f16_xpulp
#define NAME_(part) odl_max_pool_f16_xpulp_##part

#include "max_pool_xpulp.inc"

#undef NAME
#define NAME odl_max_pool_f16_xpulp_any
#include "max_pool.inc"
