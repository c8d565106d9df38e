/* Plain gradient descent. */
#include "odl/kernels.h"

void odl_sgd_f32(const void *args, struct odl_core core) {
    const struct odl_sgd *p = args;
    const float *w = p->w, *g = p->g;
    const float lr = *(const float *)p->lr, factor = *(const float *)p->factor;
    const int open = *(const uint8_t *)p->gate != 0;
    float *w_next = p->w_next;
    struct odl_range r = odl_split(p->n, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        const float slope = factor * g[i] + p->decay * w[i];
        w_next[i] = open ? w[i] - lr * slope : w[i];
    }
}
