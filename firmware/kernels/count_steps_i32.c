/* Counters of a training step, of one core. */
#include "odl/kernels.h"

void odl_count_steps_i32(const void *args, struct odl_core core) {
    const struct odl_count_steps *p = args;
    if (core.id != 0) {
        return;
    }
    const uint32_t bad = *(const uint8_t *)p->sound == 0, made = *(const uint8_t *)p->gate != 0;
    const uint32_t updates = *(const uint32_t *)p->updates + made;
    const uint32_t skipped = *(const uint32_t *)p->skipped + bad;
    const uint32_t in_row = *(const uint32_t *)p->in_row + bad;
    *(uint32_t *)p->updates_next = updates;
    *(uint32_t *)p->skipped_next = skipped;
    *(uint32_t *)p->in_row_next = bad ? in_row : 0;
}
