/* Clip in single precision. */
#include "odl/kernels.h"

void odl_clip_f32(const void *args, struct odl_core core) {
    const struct odl_clip *a = args;
    const float *x = a->x, *low = a->low, *high = a->high;
    float *y = a->y;
    struct odl_range r = odl_split(a->n, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        float v = x[i];
        if (low && !(v >= low[0]) && v == v) {
            v = low[0];
        }
        if (high && !(v <= high[0]) && v == v) {
            v = high[0];
        }
        y[i] = v;
    }
}
