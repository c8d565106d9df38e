/* Which of n numbers a draw chooses. */
#include "odl/kernels.h"
#include "random.h"

void odl_choose_i32(const void *args, struct odl_core core) {
    const struct odl_choose *a = args;
    const uint32_t number = (uint32_t)*(const int32_t *)a->number;
    const uint32_t seed = odl_random((uint32_t)a->seed, number);
    uint8_t *y = a->y;
    const struct odl_range r = odl_split(a->n, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        const uint32_t mine = odl_random(seed, (uint32_t)i);
        int32_t before = 0;
        for (int32_t j = 0; j < a->n; j++) {
            const uint32_t other = odl_random(seed, (uint32_t)j);
            before += other < mine || (other == mine && j < i);
        }
        y[i] = before < a->count;
    }
}
