/* The sum of a row's exp in single precision on PULP cores. */
#ifndef ODL_XPULP_EXP_SUM_H
#define ODL_XPULP_EXP_SUM_H

#include "xpulp_exp.h"

ODL_TOP_RUN(odl_top_f32, XPULP_LW, XPULP_NO_WIDEN, 1)

#define XPULP_KEEP_EXP XPULP_SW("%[e]", "%[y]", "%[y_step]")
ODL_EXP_RUN(odl_exp_run_f32, XPULP_LW, XPULP_ADD_EXP, XPULP_NO_WIDEN, XPULP_KEEP_EXP, 3)

struct odl_exp_sum {
    float top, sum;
};

/*
 * The largest of n elements `step` apart, and the sum of 2^64 exp(x - top), each of which is kept
 * in y unless that is NULL; it may stand where x stands.
 */
struct odl_exp_sum odl_exp_sum_f32(const float *x, float *y, int32_t n, int32_t step);

ODL_SHARED struct odl_exp_sum odl_exp_sum_f32(const float *x, float *y, int32_t n, int32_t step) {
    float spare;
    struct odl_exp_row row = {.x = x, .y = y ? y : &spare, .n = n, .step = 4 * step};
    row.y_step = y ? row.step : 0;
    row.top = odl_top_f32(x[(n - 1) * step], x, n, row.step);
    return (struct odl_exp_sum){row.top, odl_exp_run_f32(0.0f, row)};
}

#endif
