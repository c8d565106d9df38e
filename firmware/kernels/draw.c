/* A number below a bound, by the finaliser of odl/adapt/generator.py. */
#include "odl/kernels.h"

void odl_draw_i32(const void *args, struct odl_core core) {
    const struct odl_draw *a = args;
    if (core.id != 0) {
        return;
    }
    const int32_t bound = *(const int32_t *)a->bound;
    uint32_t x = (*(const uint32_t *)a->at + 1) * 0x9E3779B9u + (uint32_t)a->seed;
    x = (x ^ x >> 16) * 0x21F0AAADu;
    x = (x ^ x >> 15) * 0xD35A2D97u;
    x ^= x >> 15;
    *(int32_t *)a->y = bound < 1 ? 0 : (int32_t)(x % (uint32_t)bound);
}
