/* The cross-entropy of class numbers on PULP cores. */
#include "xpulp_exp_sum.h"

/* The sum of z - top, by few instructions: most rows are short, and seen once. */
static __attribute__((noinline)) float away(float sum, const float *z, int32_t n, int32_t step,
                                            float top) {
    float v;
    if (n > 0) {
        __asm__ volatile(XPULP_LOOP("%[n]", "3") XPULP_WIDE(XPULP_LW(
            "%[v]", "%[z]", "%[step]") "fsub.s %[v], %[v], %[top]\nfadd.s %[sum], %[sum], %[v]\n")
                         : [z] "+r"(z), [sum] "+r"(sum), [v] "=&r"(v)
                         : [n] "r"(n), [step] "r"(4 * step), [top] "r"(top)
                         : "memory");
    }
    return sum;
}

void odl_cross_entropy_f32_xpulp(const void *args, struct odl_core core) {
    const struct odl_cross_entropy *p = args;
    const int32_t n = p->n, step = p->inner;
    const struct odl_range r = odl_split(p->outer * step, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t label = ((const int32_t *)p->label)[row];
        float loss = 0.0f;
        if (label >= 0) {
            const float *z = (const float *)p->z + row / step * n * step + row % step;
            const struct odl_exp_sum e = odl_exp_sum_f32(z, 0, n, step);
            const float log_sum = odl_scaled_log(e.sum);
            const int32_t others = label < n ? n - 1 : n, before = label < n ? label : n;
            /* Also where their t is 0: infinities shall be seen. */
            float rest = away(0.0f, z, before, step, e.top);
            if (label < n) {
                rest = away(rest, z + (label + 1) * step, others - label, step, e.top);
                loss -= p->on * (z[label * step] - e.top - log_sum);
            }
            loss -= p->off * (rest - (float)others * log_sum);
        }
        ((float *)p->each)[row] = loss;
    }
}
