/* The gradient of the cross-entropy of class numbers on PULP cores: dz keeps exp meanwhile. */
#include "xpulp_softmax.h"

ODL_SUM_RUN(cross_entropy_grad_top, XPULP_LW, 4, XPULP_NO_WIDEN, XPULP_TOP, 2)
ODL_EXP_RUN(cross_entropy_grad_sum, XPULP_LW, 4, XPULP_ADD_EXP, XPULP_NO_WIDEN, XPULP_KEEP_EXP, 3)

#define AWAY(a, b) "fmsub.s " a ", " a ", %[c], %[d]\n"
#define TIMES(a, b) "fmul.s " a ", " a ", " b "\n"
ODL_LANES(cross_entropy_grad_slopes, XPULP_LW, XPULP_LW, AWAY, TIMES, XPULP_SW, 5)

void odl_cross_entropy_grad_f32_xpulp(const void *args, struct odl_core core) {
    const struct odl_cross_entropy_grad *p = args;
    const int32_t step = p->inner;
    const struct odl_range r = odl_even_share(p->outer * step, core);
    struct odl_lanes lanes = {.n = p->n, .a_step = 4 * step, .y_step = 4 * step};
    lanes.d = odl_bits_of(p->off);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t label = ((const int32_t *)p->label)[row];
        const int32_t base = row / step * p->n * step + row % step;
        const float *z = (const float *)p->z + base;
        float *dz = (float *)p->dz + base;
        if (label < 0) {
            for (int32_t c = 0; c < p->n; c++) {
                dz[c * step] = 0.0f;
            }
            continue;
        }
        const float top = cross_entropy_grad_top(ODL_NO_TOP, z, p->n, step);
        const float sum =
            cross_entropy_grad_sum(0.0f, (struct odl_exp_row){z, dz, p->n, step, top});
        const float dy = ((const float *)p->dy)[row];
        const float share = (label < p->n ? 1.0f : (float)p->n * p->off) / sum;
        const float own = label < p->n ? dz[label * step] : 0.0f;
        lanes.a = lanes.y = dz;
        lanes.b = &dy;
        lanes.c = odl_bits_of(share);
        cross_entropy_grad_slopes(&lanes);
        if (label < p->n) {
            dz[label * step] = dy * (own * share - p->on);
        }
    }
}
