/* The loss scale of the next step, of one core: powers of two, so that all is exact. */
#include "odl/kernels.h"

void odl_follow_scale_f32(const void *args, struct odl_core core) {
    const struct odl_follow_scale *p = args;
    if (core.id != 0) {
        return;
    }
    float scale = *(const float *)p->scale;
    int32_t steady = 0;
    if (*(const uint8_t *)p->sound == 0) {
        scale = scale > 2.0f ? 0.5f * scale : 1.0f;
    } else if (*(const int32_t *)p->steady < p->growth - 1) {
        steady = *(const int32_t *)p->steady + 1;
    } else {
        scale = scale < 0.5f * p->largest ? 2.0f * scale : p->largest;
    }
    *(float *)p->scale_next = scale;
    *(int32_t *)p->steady_next = steady;
}
