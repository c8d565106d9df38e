/* AveragePool in half precision on PULP cores, quick where one window is the whole map. */
#include "xpulp_half_sum.h"

#define T _Float16
#define ACC float
#define NAME odl_average_pool_f16_xpulp_any
static odl_kernel NAME;
#include "average_pool.inc"

void odl_average_pool_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_average_pool *p = args;
    const int32_t volume = p->in_dhw[0] * p->in_dhw[1] * p->in_dhw[2];
    if (!odl_pool_is_global(p)) {
        odl_average_pool_f16_xpulp_any(args, core);
        return;
    }
    const struct odl_range r = odl_share(p->maps, 1, core.id, core.count);
    const T *x = (const T *)p->x + r.begin * volume;
    T *y = p->y;
    for (int32_t map = r.begin; map < r.end; map++, x += volume) {
        y[map] = (T)(odl_half_sum(0.0f, x, volume, 1) / (float)volume);
    }
}
