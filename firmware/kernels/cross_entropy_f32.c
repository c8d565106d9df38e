/* The cross-entropy of class numbers, in single precision; rows are (outer, inner). */
#include "odl/kernels.h"
#include "odl/math.h"

void odl_cross_entropy_f32(const void *args, struct odl_core core) {
    const struct odl_cross_entropy *a = args;
    const int32_t step = a->inner;
    const struct odl_range r = odl_split(a->outer * a->inner, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t label = ((const int32_t *)a->label)[row];
        float loss = 0.0f;
        if (label >= 0) {
            const float *z = (const float *)a->z + row / step * a->n * step + row % step;
            float top = z[0];
            for (int32_t c = 1; c < a->n; c++) {
                top = z[c * step] > top ? z[c * step] : top;
            }
            float sum = 0.0f;
            for (int32_t c = 0; c < a->n; c++) {
                sum += odl_expf(z[c * step] - top);
            }
            const float log_sum = odl_logf(sum);
            for (int32_t c = 0; c < a->n; c++) { /* also where t is 0: infinities shall be seen */
                loss -= (c == label ? a->on : a->off) * (z[c * step] - top - log_sum);
            }
        }
        ((float *)a->each)[row] = loss;
    }
}
