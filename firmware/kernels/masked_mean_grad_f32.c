/* The gradient of the mean of elements that have a label; every core counts those. */
#include "odl/kernels.h"

void odl_masked_mean_grad_f32(const void *args, struct odl_core core) {
    const struct odl_masked_mean_grad *p = args;
    const struct odl_range r = odl_split(p->n, core);
    if (r.begin == r.end) {
        return;
    }
    const int32_t *label = p->label;
    int32_t count = 0;
    for (int32_t i = 0; i < p->n; i++) {
        count += label[i] >= 0;
    }
    const float slope = *(const float *)p->dy / (float)(count > 1 ? count : 1);
    for (int32_t i = r.begin; i < r.end; i++) {
        ((float *)p->dx)[i] = label[i] >= 0 ? slope : 0.0f;
    }
}
