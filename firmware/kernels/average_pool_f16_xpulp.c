/*
 * AveragePool in half precision on PULP cores: sums of lines and columns are in half precision up
 * to the last column, which is added, and the divisor applied, in single.
 */
#include "xpulp_grid.h"
#include "xpulp_half_sum.h"

#define T _Float16
#define MOST_TAPS 64

#define ADD(a, b) XPULP_ADD(a, a, b)
#define WIDE(a, b) XPULP_WIDEN(a) XPULP_WIDEN(b)
#define MEAN(a, b) XPULP_OP("fadd.s", a, a, b) XPULP_OP("fmul.s", a, a, "%[c]") XPULP_NARROW(a)

#define TAKE(grid) odl_grid_by_pairs(add_pairs, add_halves, grid)
#define TAKE_APART add_halves
#define LAST mean_halves
#define SUM odl_half_sum
#define NAME odl_average_pool_f16_xpulp
#define NAME_(part) odl_average_pool_f16_xpulp_##part

ODL_GRID(add_pairs, XPULP_LW, XPULP_LW, ADD, XPULP_NO_OP, XPULP_SW, 4)
ODL_GRID(add_halves, XPULP_LH, XPULP_LH, ADD, XPULP_NO_OP, XPULP_SH, 4)
ODL_GRID(mean_halves, XPULP_LH, XPULP_LH, WIDE, MEAN, XPULP_SH, 8)

#include "average_pool_xpulp.inc"

#undef NAME
#define NAME odl_average_pool_f16_xpulp_any
#define ACC float
#include "average_pool.inc"
