/* Adam and AdamW. */
#include "odl/kernels.h"

#include "odl/math.h"

void odl_adam_f32(const void *args, struct odl_core core) {
    const struct odl_adam *p = args;
    const float *w = p->w, *g = p->g, *m = p->m, *v = p->v;
    const float rate = *(const float *)p->rate, root = *(const float *)p->root;
    const float keep = *(const float *)p->keep, factor = *(const float *)p->factor;
    const int open = *(const uint8_t *)p->gate != 0;
    float *w_next = p->w_next, *m_next = p->m_next, *v_next = p->v_next;
    struct odl_range r = odl_split(p->n, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        const float slope = factor * g[i] + p->decay * w[i];
        const float first = p->beta1 * m[i] + (1.0f - p->beta1) * slope;
        const float second = p->beta2 * v[i] + (1.0f - p->beta2) * (slope * slope);
        const float step = rate * first / (odl_sqrtf(second) * root + p->epsilon);
        w_next[i] = open ? keep * w[i] - step : w[i];
        m_next[i] = open ? first : m[i];
        v_next[i] = open ? second : v[i];
    }
}
