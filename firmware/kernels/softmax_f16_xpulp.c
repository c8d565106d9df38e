/* Softmax in half precision on PULP cores: exp is computed twice, since y is too short to keep it.
 */
#include "xpulp_exp.h"

#define SHARE "fmul.s %[e], %[e], %[a]\n" XPULP_NARROW("%[e]") XPULP_SH("%[e]", "%[y]", "%[y_step]")

ODL_TOP_RUN(softmax_f16_top, XPULP_LH, XPULP_WIDEN, 2)
ODL_EXP_RUN(softmax_f16_sum, XPULP_LH, XPULP_ADD_EXP, XPULP_WIDEN, "", 3)
ODL_EXP_RUN(softmax_f16_shares, XPULP_LH, "", XPULP_WIDEN, SHARE, 5)

void odl_softmax_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_softmax *p = args;
    const int32_t step = p->inner;
    const struct odl_range r = odl_even_share(p->outer * step, core);
    struct odl_exp_row each = {.n = p->n, .step = 2 * step, .y_step = 2 * step};
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t base = row / step * p->n * step + row % step;
        const _Float16 *x = (const _Float16 *)p->x + base;
        each.x = x;
        each.y = (_Float16 *)p->y + base;
        each.top = softmax_f16_top((float)x[(p->n - 1) * step], x, p->n, each.step);
        softmax_f16_shares(1.0f / softmax_f16_sum(0.0f, each), each);
    }
}
