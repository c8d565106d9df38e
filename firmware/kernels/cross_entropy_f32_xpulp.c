/* The cross-entropy of class numbers on PULP cores. */
#include "xpulp_softmax.h"

#define AWAY(v) "fsub.s " v ", " v ", %[c]\n" XPULP_SUM(v)

ODL_SUM_RUN(cross_entropy_top, XPULP_LW, 4, XPULP_NO_WIDEN, XPULP_TOP, 2)
ODL_SUM_AROUND(cross_entropy_away, XPULP_LW, 4, XPULP_NO_WIDEN, AWAY, 3)
ODL_EXP_RUN(cross_entropy_sum, XPULP_LW, 4, XPULP_ADD_EXP, XPULP_NO_WIDEN, "", 2)

void odl_cross_entropy_f32_xpulp(const void *args, struct odl_core core) {
    const struct odl_cross_entropy *p = args;
    const int32_t step = p->inner;
    const struct odl_range r = odl_even_share(p->outer * step, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t label = ((const int32_t *)p->label)[row];
        float loss = 0.0f;
        if (label >= 0) {
            const float *z = (const float *)p->z + row / step * p->n * step + row % step;
            const float top = cross_entropy_top(ODL_NO_TOP, z, p->n, step);
            const float sum = cross_entropy_sum(0.0f, (struct odl_exp_row){z, 0, p->n, step, top});
            const float log_sum = odl_scaled_log(sum);
            const int32_t before = label < p->n ? label : p->n, behind = p->n - 1 - before;
            /* Of the others, also where their t is 0: infinities shall be seen. */
            float away = cross_entropy_away(0.0f, z, before, step, top);
            if (label < p->n) {
                away = cross_entropy_away(away, z + (label + 1) * step, behind, step, top);
                loss -= p->on * (z[label * step] - top - log_sum);
            }
            loss -= p->off * (away - (float)(before + behind) * log_sum);
        }
        ((float *)p->each)[row] = loss;
    }
}
