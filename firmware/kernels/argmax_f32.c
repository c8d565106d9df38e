/* ArgMax in single precision. */
#include "odl/kernels.h"

void odl_argmax_f32(const void *args, struct odl_core core) {
    const struct odl_argmax *a = args;
    int64_t *y = a->y;
    struct odl_range r = odl_split(a->outer * a->inner, core);
    for (int32_t row = r.begin; row < r.end; row++) {
        const float *x = (const float *)a->x + row / a->inner * a->n * a->inner + row % a->inner;
        float top = x[0];
        int32_t where = 0;
        for (int32_t i = 1; i < a->n; i++) {
            float v = x[i * a->inner];
            int nan = v != v && (a->last || top == top);
            if (v > top || (a->last && v == top) || nan) {
                top = v;
                where = i;
            }
        }
        y[row] = where;
    }
}
