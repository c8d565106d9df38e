/* Gradient descent with momentum. */
#include "odl/kernels.h"

void odl_momentum_f32(const void *args, struct odl_core core) {
    const struct odl_momentum *p = args;
    const float *w = p->w, *g = p->g, *m = p->m;
    const float lr = *(const float *)p->lr, factor = *(const float *)p->factor;
    const int open = *(const uint8_t *)p->gate != 0;
    float *w_next = p->w_next, *m_next = p->m_next;
    struct odl_range r = odl_split(p->n, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        const float slope = factor * g[i] + p->decay * w[i];
        const float fresh = p->momentum * m[i] + slope;
        const float step = p->nesterov ? slope + p->momentum * fresh : fresh;
        w_next[i] = open ? w[i] - lr * step : w[i];
        m_next[i] = open ? fresh : m[i];
    }
}
