/* The gradient of the cross-entropy of class numbers, in single precision. */
#include "odl/kernels.h"
#include "odl/math.h"

void odl_cross_entropy_grad_f32(const void *args, struct odl_core core) {
    const struct odl_cross_entropy_grad *a = args;
    const int32_t step = a->inner;
    const struct odl_range r = odl_split(a->outer * a->inner, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t label = ((const int32_t *)a->label)[row];
        const int32_t base = row / step * a->n * step + row % step;
        const float *z = (const float *)a->z + base;
        float *dz = (float *)a->dz + base;
        if (label < 0) {
            for (int32_t c = 0; c < a->n; c++) {
                dz[c * step] = 0.0f;
            }
            continue;
        }
        float top = z[0];
        for (int32_t c = 1; c < a->n; c++) {
            top = z[c * step] > top ? z[c * step] : top;
        }
        float sum = 0.0f;
        for (int32_t c = 0; c < a->n; c++) {
            dz[c * step] = odl_expf(z[c * step] - top);
            sum += dz[c * step];
        }
        const float dy = ((const float *)a->dy)[row];
        const float share = (label < a->n ? 1.0f : (float)a->n * a->off) / sum;
        for (int32_t c = 0; c < a->n; c++) {
            dz[c * step] = dy * (dz[c * step] * share - (c == label ? a->on : a->off));
        }
    }
}
