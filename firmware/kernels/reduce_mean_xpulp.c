/* ReduceMean on PULP cores. */
#include "xpulp_half_sum.h"

ODL_SUM_RUN(sum_f32, XPULP_LW, 4, XPULP_NO_WIDEN, XPULP_SUM, 2)

REDUCE_XPULP(reduce_mean, f32, float, sum_f32, 0, sum / (float)n)
REDUCE_XPULP(reduce_mean, f16, _Float16, odl_half_sum, odl_two_half_sums, sum / (float)n)
