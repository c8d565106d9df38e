/* Softmax in half precision on PULP cores: exp is computed twice, since y is too short to keep it.
 */
#include "xpulp_math.h"

void odl_softmax_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_softmax *p = args;
    const int32_t step = p->inner;
    const struct odl_range r = odl_share(p->outer * p->inner, 1, core.id, core.count);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t base = row / step * p->n * step + row % step;
        const _Float16 *x = (const _Float16 *)p->x + base;
        _Float16 *y = (_Float16 *)p->y + base;
        _Float16 top = x[0];
        for (int32_t i = 1; i < p->n; i++) {
            top = x[i * step] > top ? x[i * step] : top;
        }
        const float largest = (float)top;
        float sum = 0.0f;
        for (int32_t i = 0; i < p->n; i++) {
            sum += odl_short_exp((float)x[i * step] - largest);
        }
        const float factor = 1.0f / sum;
        for (int32_t i = 0; i < p->n; i++) {
            y[i * step] = (_Float16)(odl_short_exp((float)x[i * step] - largest) * factor);
        }
    }
}
