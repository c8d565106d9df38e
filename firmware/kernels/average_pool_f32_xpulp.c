/* AveragePool in single precision on PULP cores. */
#include "reduce_xpulp.h"
#include "xpulp_grid.h"

#define T float
#define MOST_TAPS INT32_MAX

#define ADD(a, b) XPULP_OP("fadd.s", a, a, b)
#define MEAN(a, b) XPULP_OP("fmul.s", a, a, "%[c]")

#define TAKE(grid) odl_grid_by_words(add_words, grid)
#define TAKE_APART add_words
#define LAST mean_words
#define SUM sum_f32
#define NAME odl_average_pool_f32_xpulp
#define NAME_(part) odl_average_pool_f32_xpulp_##part

ODL_SUM_RUN(sum_f32, XPULP_LW, 4, XPULP_NO_WIDEN, XPULP_SUM, 2)

ODL_GRID(add_words, XPULP_LW, XPULP_LW, ADD, XPULP_NO_OP, XPULP_SW, 4)
ODL_GRID(mean_words, XPULP_LW, XPULP_LW, ADD, MEAN, XPULP_SW, 5)

#include "average_pool_xpulp.inc"

#undef NAME
#define NAME odl_average_pool_f32_xpulp_any
#define ACC float
#include "average_pool.inc"
