/* The gradient of the cross-entropy of class numbers on PULP cores: dz keeps exp meanwhile. */
#include "xpulp_exp_sum.h"

/* a = (a c - d) b, with one b for all, by few instructions: most rows are short, and seen once. */
#define SLOPE                                                                                      \
    XPULP_LW("%[v]", "%[x]", "%[step]")                                                            \
    "fmsub.s %[v], %[v], %[c], %[d]\nfmul.s %[v], %[v], %[b]\n" XPULP_SW("%[v]", "%[y]", "%[step]")

void odl_cross_entropy_grad_f32_xpulp(const void *args, struct odl_core core) {
    const struct odl_cross_entropy_grad *p = args;
    const int32_t n = p->n, step = p->inner;
    const float off = p->off;
    const struct odl_range r = odl_split(p->outer * step, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t label = ((const int32_t *)p->label)[row];
        const int32_t base = row / step * n * step + row % step;
        float *dz = (float *)p->dz + base, *own = dz + label * step;
        if (label < 0) {
            for (int32_t c = 0; c < n; c++) {
                dz[c * step] = 0.0f;
            }
            continue;
        }
        const struct odl_exp_sum e = odl_exp_sum_f32((const float *)p->z + base, dz, n, step);
        const float dy = ((const float *)p->dy)[row];
        const float share = (label < n ? 1.0f : (float)n * off) / e.sum;
        const float slope = label < n ? dy * (*own * share - p->on) : 0.0f;
        const float *from = dz;
        float *to = dz, v;
        __asm__ volatile(
            XPULP_LOOP("%[n]", "4") XPULP_WIDE(SLOPE)
            : [x] "+r"(from), [y] "+r"(to), [v] "=&r"(v)
            : [n] "r"(n), [step] "r"(4 * step), [c] "r"(share), [d] "r"(off), [b] "r"(dy)
            : "memory");
        if (label < n) {
            *own = slope;
        }
    }
}
