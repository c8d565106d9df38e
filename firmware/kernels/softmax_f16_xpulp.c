/* Softmax in half precision on PULP cores: exp is computed twice, since y is too short to keep it.
 */
#include "xpulp_softmax.h"

#define SHARE "fmul.s %[e], %[e], %[a]\n" XPULP_NARROW("%[e]") XPULP_SH("%[e]", "%[y]", "%[step]")

ODL_SUM_RUN(softmax_f16_top, XPULP_LH, 2, XPULP_WIDEN, XPULP_TOP, 3)
ODL_EXP_RUN(softmax_f16_sum, XPULP_LH, 2, XPULP_ADD_EXP, XPULP_WIDEN, "", 3)
ODL_EXP_RUN(softmax_f16_shares, XPULP_LH, 2, "", XPULP_WIDEN, SHARE, 5)

void odl_softmax_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_softmax *p = args;
    const int32_t step = p->inner;
    const struct odl_range r = odl_even_share(p->outer * step, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t base = row / step * p->n * step + row % step;
        const _Float16 *x = (const _Float16 *)p->x + base;
        const float top = softmax_f16_top(ODL_NO_TOP, x, p->n, step);
        const struct odl_exp_row each = {x, (_Float16 *)p->y + base, p->n, step, top};
        softmax_f16_shares(1.0f / softmax_f16_sum(0.0f, each), each);
    }
}
