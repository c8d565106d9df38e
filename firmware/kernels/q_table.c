/* Functions of one byte by table. */
#include "odl/kernels.h"

void odl_q_table_b8(const void *args, struct odl_core core) {
    const struct odl_q_table *p = args;
    const uint8_t *x = p->x, *table = p->table;
    uint8_t *y = p->y;
    struct odl_range r = odl_split(p->n, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        y[i] = table[x[i]];
    }
}
