/* Softmax in single precision on PULP cores: y keeps exp until the sum is known. */
#include "xpulp_exp_sum.h"

#define SHARE(a, b) "fmul.s " a ", " a ", %[c]\n"
ODL_LANES(softmax_f32_shares, XPULP_LW, XPULP_NO_LOAD, SHARE, XPULP_NO_OP, XPULP_SW, 3)

void odl_softmax_f32_xpulp(const void *args, struct odl_core core) {
    const struct odl_softmax *p = args;
    const int32_t step = p->inner;
    const struct odl_range r = odl_even_share(p->outer * step, core);
    struct odl_lanes lanes = {.n = p->n, .a_step = 4 * step, .y_step = 4 * step};
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t base = row / step * p->n * step + row % step;
        float *y = (float *)p->y + base;
        const struct odl_exp_sum e = odl_exp_sum_f32((const float *)p->x + base, y, p->n, step);
        lanes.a = lanes.y = y;
        lanes.c = odl_bits_of(1.0f / e.sum);
        softmax_f32_shares(&lanes);
    }
}
