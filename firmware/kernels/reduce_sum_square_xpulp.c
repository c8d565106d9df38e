/* ReduceSumSquare of floats on PULP cores. */
#include "reduce_xpulp.h"

ODL_SUM_RUN(square_f32, XPULP_LW, 4, XPULP_NO_WIDEN, XPULP_SUM_SQUARE, 2)
ODL_SUM_RUN(square_f16, XPULP_LH, 2, XPULP_WIDEN, XPULP_SUM_SQUARE, 3)

REDUCE_XPULP(reduce_sum_square, f32, float, square_f32, 0, sum)
REDUCE_XPULP(reduce_sum_square, f16, _Float16, square_f16, 0, sum)
REDUCE_TO_XPULP(reduce_sum_square, f16_f32, _Float16, float, square_f16, 0, sum)
