/* Softmax in half precision: exp is computed twice, since y is too short to keep it. */
#include "odl/kernels.h"
#include "odl/math.h"

void odl_softmax_f16(const void *args, struct odl_core core) {
    const struct odl_softmax *a = args;
    const int32_t step = a->inner;
    struct odl_range r = odl_split(a->outer * a->inner, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const int32_t base = row / a->inner * a->n * a->inner + row % a->inner;
        const _Float16 *x = (const _Float16 *)a->x + base;
        _Float16 *y = (_Float16 *)a->y + base;
        float top = (float)x[0];
        for (int32_t i = 1; i < a->n; i++) {
            top = (float)x[i * step] > top ? (float)x[i * step] : top;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < a->n; i++) {
            sum += odl_expf((float)x[i * step] - top);
        }
        for (int32_t i = 0; i < a->n; i++) {
            y[i * step] = (_Float16)(odl_expf((float)x[i * step] - top) / sum);
        }
    }
}
