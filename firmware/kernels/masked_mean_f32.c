/* The mean of elements that have a label, in single precision; one core's, in one order. */
#include "odl/kernels.h"

void odl_masked_mean_f32(const void *args, struct odl_core core) {
    const struct odl_masked_mean *p = args;
    if (core.id != 0) {
        return;
    }
    const float *each = p->each;
    const int32_t *label = p->label;
    float sum = 0.0f;
    int32_t count = 0;
    for (int32_t i = 0; i < p->n; i++) {
        if (label[i] >= 0) {
            sum += each[i];
            count++;
        }
    }
    *(float *)p->y = sum / (float)(count > 1 ? count : 1);
}
