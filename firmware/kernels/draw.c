/* A number below a bound. */
#include "random.h"

#include "odl/kernels.h"

void odl_draw_i32(const void *args, struct odl_core core) {
    const struct odl_draw *a = args;
    if (core.id != 0) {
        return;
    }
    const int32_t bound = *(const int32_t *)a->bound;
    const uint32_t x = odl_random((uint32_t)a->seed, *(const uint32_t *)a->at);
    *(int32_t *)a->y = bound < 1 ? 0 : (int32_t)(x % (uint32_t)bound);
}
