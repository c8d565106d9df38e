/* The team: runs are published by an order number, and a counting barrier ends each step. */
#include "odl/team.h"

#include <stdatomic.h>

#include "odl/platform.h"

static struct {
    const struct odl_step *steps;
    uint32_t count;            /* steps of this run */
    uint32_t base;             /* `done` when this run began */
    atomic_uint order;         /* number of the run << 8 | cores that take part, one word */
    atomic_uint arrived;       /* cores that have ended the current step */
    atomic_uint done;          /* steps ended since the start; it never goes back */
    uint64_t spent[ODL_CORES]; /* by each core in the current step */
    struct odl_cost cost;
} team;

static void wake_others(uint32_t self, uint32_t cores) {
    for (uint32_t i = 0; i < cores; i++) {
        if (i != self) {
            odl_platform_signal(i);
        }
    }
}

/* The last core to arrive adds up what the step cost and lets the others go on. */
static void barrier(uint32_t self, uint32_t cores, uint32_t step) {
    if (atomic_fetch_add(&team.arrived, 1) + 1 < cores) {
        while (atomic_load(&team.done) == step) {
            odl_platform_wait(self);
        }
        return;
    }
    uint64_t slowest = 0;
    for (uint32_t i = 0; i < cores; i++) {
        slowest = team.spent[i] > slowest ? team.spent[i] : slowest;
        team.cost.total += team.spent[i];
    }
    team.cost.critical += slowest;
    atomic_store(&team.arrived, 0);
    atomic_store(&team.done, step + 1);
    wake_others(self, cores);
}

/* What -DODL_BREAK_KERNEL=odl_relu_f32 breaks, to see whether verification finds it. */
#ifdef ODL_BREAK_KERNEL
extern odl_kernel ODL_BREAK_KERNEL;
#else
#define ODL_BREAK_KERNEL ((odl_kernel *)0)
#endif

/* Without a DMA, the first core copies; nobody touches these bytes in this step. */
static void transfer(const struct odl_transfer *t) {
    uint8_t *tile = t->tile, *tensor = t->tensor;
    for (uint32_t i = 0; i < t->rows; i++, tile += t->row, tensor += t->stride) {
        for (uint32_t j = 0; j < t->row; j++) {
            if (t->into) {
                tile[j] = tensor[j];
            } else {
                tensor[j] = tile[j];
            }
        }
    }
}

static void work(uint32_t self, uint32_t cores) {
    const struct odl_core core = {(int32_t)self, (int32_t)cores};
    const struct odl_step *steps = team.steps;
    const uint32_t count = team.count, base = team.base;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = odl_platform_count();
        if (odl_is_called(&steps[i]) && (self != cores - 1 || steps[i].run != ODL_BREAK_KERNEL)) {
            steps[i].run(steps[i].args, core);
        }
        for (uint32_t t = 0; self == 0 && t < steps[i].transfer_count; t++) {
            transfer(&steps[i].transfers[t]);
        }
        team.spent[self] = odl_platform_count() - start;
        barrier(self, cores, base + i);
    }
}

void odl_team_run(const struct odl_step *steps, uint32_t count, uint32_t cores) {
    if (count == 0) {
        return;
    }
    cores = cores == 0 || cores > ODL_CORES ? ODL_CORES : cores;
    team.steps = steps;
    team.count = count;
    team.base = atomic_load(&team.done);
    uint32_t number = (atomic_load(&team.order) >> 8) + 1;
    atomic_store(&team.order, number << 8 | cores);
    wake_others(0, cores);
    work(0, cores);
}

struct odl_cost odl_team_cost(void) {
    return team.cost;
}

void odl_team_join(uint32_t self) {
    for (unsigned seen = 0;;) {
        const unsigned order = atomic_load(&team.order);
        if (order == seen || self >= (order & 0xff)) {
            odl_platform_wait(self);
            continue;
        }
        seen = order;
        work(self, order & 0xff);
    }
}
