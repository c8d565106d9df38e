/* LogSoftmax in half precision on PULP cores; what it computes is single. */
#include "xpulp_exp_sum.h"

ODL_TOP_RUN(top_of, XPULP_LH, XPULP_WIDEN, 2)
ODL_EXP_RUN(sum_of, XPULP_LH, XPULP_ADD_EXP, XPULP_WIDEN, "", 3)

static struct odl_exp_sum exp_sum(const _Float16 *x, int32_t n, int32_t step) {
    struct odl_exp_row row = {.x = x, .n = n, .step = 2 * step};
    row.top = top_of((float)x[(n - 1) * step], x, n, row.step);
    return (struct odl_exp_sum){row.top, sum_of(0.0f, row)};
}

#define OFF(v) "fsub.s " v ", " v ", %[c]\nfsub.s " v ", " v ", %[d]\n"
#define OFF_HALF(a, b) XPULP_WIDEN(a) OFF(a) XPULP_NARROW(a)
#define OFF_BOTH(a, b) OFF(a) OFF(b) XPULP_PACK(a, a, b)
ODL_LANES(pairs, XPULP_LW, XPULP_NO_LOAD, XPULP_SPLIT, OFF_BOTH, XPULP_SW, 10)
ODL_LANES(halves, XPULP_LH, XPULP_NO_LOAD, OFF_HALF, XPULP_NO_OP, XPULP_SH, 6)

#define T _Float16
#define NAME odl_log_softmax_f16_xpulp
#define SUM exp_sum
#define AWAY(lanes) odl_by_pairs(pairs, halves, lanes)
#include "log_softmax_xpulp.inc"
