/*
 * The team of a PULP cluster. The fabric controller gives it the steps of a model and waits; core 0
 * leads; the others sleep at the event unit's barrier in between. A step's cost is the time from
 * its barrier to the next, transfers and waiting included, wherever it stands in a run.
 */
#include "odl/team.h"

#include "cluster.h"
#include "odl/platform.h"
#include "riscv.h"

/* What target.toml lists as events, in its order; all but the first are parts of the first. */
enum {
    CYCLES,
    INSTRUCTIONS,
    LOAD_STALL,
    JUMP_STALL,
    FETCH_STALL,
    L2_LOAD,
    L2_STORE,
    BANK_STALL,
    DIVIDE,
    MISALIGNED,
    FPU_STALL,
    WAIT,
    TRANSFER,
    EVENTS
};

static struct {
    const struct odl_step *volatile steps; /* the order; NULL when it has been carried out */
    volatile uint32_t count, cores;
    volatile uint32_t counted[ODL_CORES][EVENTS]; /* by each core in the last run */
    uint64_t events[EVENTS], critical, total;
} team;

void odl_team_run(const struct odl_step *steps, uint32_t count, uint32_t cores) {
    if (count == 0) {
        return;
    }
    team.count = count;
    team.cores = cores == 0 || cores > ODL_CORES ? ODL_CORES : cores;
    __asm__ volatile("fence rw, rw" ::: "memory");
    team.steps = steps;
    while (team.steps) {
    }
    __asm__ volatile("fence rw, rw" ::: "memory");
}

struct odl_cost odl_team_cost(void) {
    return (struct odl_cost){team.critical, team.total, team.events, EVENTS};
}

/* What -DODL_BREAK_KERNEL=odl_relu_f32 breaks, to see whether verification finds it. */
#ifdef ODL_BREAK_KERNEL
extern odl_kernel ODL_BREAK_KERNEL;
#else
#define ODL_BREAK_KERNEL ((odl_kernel *)0)
#endif

/* What this step and the next are made of, and the steps up to the next but one, where loads take
 * one cycle. */
enum { ARGS_BYTES = 256, TRANSFERS = 12, STEPS = 4 };
static struct odl_step near_steps[STEPS] __attribute__((section(".l1"), aligned(4)));
static struct {
    uint8_t args[ARGS_BYTES];
    struct odl_transfer transfers[TRANSFERS];
} near[2] __attribute__((section(".l1"), aligned(4)));

static const void *args_of(const struct odl_step *step, uint32_t number) {
    return step->args_bytes <= ARGS_BYTES ? near[number & 1].args : step->args;
}

static const struct odl_transfer *transfers_of(const struct odl_step *step, uint32_t number) {
    return step->transfer_count <= TRANSFERS ? near[number & 1].transfers : step->transfers;
}

/* Begin a transfer of one row; all that follow a counter's allocation belong to it. */
static __attribute__((noinline)) void load_row(void *tile, const void *from, uint32_t bytes) {
    ODL_DMA_COMMAND = bytes | ODL_DMA_TO_L1 | ODL_DMA_INCREMENT;
    ODL_DMA_COMMAND = (uint32_t)(uintptr_t)tile;
    ODL_DMA_COMMAND = (uint32_t)(uintptr_t)from;
}

static const struct odl_step *step_at(uint32_t number) {
    return &near_steps[number % STEPS];
}

/* Begin to fetch a step; one behind the last is the last. */
static __attribute__((noinline)) void fetch_step(const struct odl_step *steps, uint32_t number,
                                                 uint32_t count) {
    const uint32_t from = number < count ? number : count - 1;
    load_row(&near_steps[number % STEPS], &steps[from], sizeof(struct odl_step));
}

/* Begin to fetch what a step is made of. */
static void fetch(const struct odl_step *step, uint32_t number) {
    if (step->args_bytes > 0 && step->args_bytes <= ARGS_BYTES) {
        load_row(near[number & 1].args, step->args, step->args_bytes);
    }
    if (step->transfer_count > 0 && step->transfer_count <= TRANSFERS) {
        const uint32_t bytes = step->transfer_count * (uint32_t)sizeof(struct odl_transfer);
        load_row(near[number & 1].transfers, step->transfers, bytes);
    }
}

/* Begin the transfers that run beside a step. */
static __attribute__((noinline)) void begin_transfers(const struct odl_step *step,
                                                      uint32_t number) {
    const struct odl_transfer *t = transfers_of(step, number);
    for (uint32_t i = 0; i < step->transfer_count; i++, t++) {
        const uint32_t strided = t->rows > 1 ? ODL_DMA_ROWS : 0;
        const uint32_t into = t->into ? ODL_DMA_TO_L1 : 0;
        ODL_DMA_COMMAND = t->row * t->rows | into | ODL_DMA_INCREMENT | strided;
        ODL_DMA_COMMAND = (uint32_t)(uintptr_t)t->tile;
        ODL_DMA_COMMAND = (uint32_t)(uintptr_t)t->tensor;
        if (strided) {
            ODL_DMA_COMMAND = t->row;
            ODL_DMA_COMMAND = t->stride;
        }
    }
}

static inline void wait_for(uint32_t counter) {
    while (ODL_DMA_STATUS >> counter & 1) {
    }
    ODL_DMA_STATUS = 1u << counter;
    __asm__ volatile("" ::: "memory");
}

/* A counter stands at the number that the core gives its event. */
static void read_counters(volatile uint32_t *to) {
    to[CYCLES] = (uint32_t)odl_platform_count();
    to[INSTRUCTIONS] = ODL_CSR(0x781);
    to[LOAD_STALL] = ODL_CSR(0x782);
    to[JUMP_STALL] = ODL_CSR(0x783);
    to[FETCH_STALL] = ODL_CSR(0x784);
    to[L2_LOAD] = ODL_CSR(0x78e);
    to[L2_STORE] = ODL_CSR(0x78f);
    to[BANK_STALL] = ODL_CSR(0x790);
    to[DIVIDE] = ODL_CSR(0x791);
    to[MISALIGNED] = ODL_CSR(0x79d);
    to[FPU_STALL] = ODL_CSR(0x79e);
    to[WAIT] = ODL_CSR(0x78b);
}

/*
 * Between a step's barrier and the next the same is done for every step of every run, so that
 * steps cost the same alone and together: the last one's arguments are fetched once more.
 */
static void work(uint32_t self) {
    const uint32_t count = team.count, cores = team.cores;
    const struct odl_core core = {(int32_t)self, (int32_t)cores};
    const struct odl_step *steps = team.steps;
    const int moves = self == ODL_CORES - 1; /* the core that serves the DMA */
    if (moves) {
        const uint32_t first = ODL_DMA_COMMAND;
        fetch_step(steps, 0, count);
        fetch_step(steps, 1, count);
        wait_for(first);
        const uint32_t second = ODL_DMA_COMMAND;
        fetch(step_at(0), 0);
        wait_for(second);
    }
    uint32_t transfer = 0; /* cycles of waiting for the DMA */
    ODL_COUNT_FROM_ZERO();
    for (uint32_t i = 0;; i++) {
        odl_cluster_barrier_to_count(i < count);
        if (i == count) {
            break;
        }
        const struct odl_step *step = step_at(i);
        const uint32_t under_way = moves ? ODL_DMA_COMMAND : 0;
        if (moves) {
            begin_transfers(step, i);
            fetch(step_at(i + 1), i + 1);
            fetch_step(steps, i + 2, count);
        }
        const int takes_part = self < cores && odl_is_called(step);
        if (takes_part && (self != cores - 1 || step->run != ODL_BREAK_KERNEL)) {
            step->run(args_of(step, i), core);
        }
        if (moves) {
            const uint32_t start = ODL_CSR(0x780);
            ODL_COUNT_EVENTS(1u << CYCLES); /* what a loop that waits does is no event */
            wait_for(under_way);
            const uint32_t end = ODL_CSR(0x780);
            ODL_COUNT_EVENTS(-1);
            transfer += end - start;
        }
    }
    read_counters(team.counted[self]);
    team.counted[self][TRANSFER] = transfer;
}

static void lead(void) {
    for (;;) {
        while (!team.steps) {
        }
        odl_cluster_barrier();
        work(0);
        odl_cluster_barrier();
        team.critical += team.counted[0][CYCLES];
        for (uint32_t i = 0; i < team.cores; i++) {
            const volatile uint32_t *counted = team.counted[i];
            team.total += counted[CYCLES] - counted[WAIT] - counted[TRANSFER];
            for (uint32_t event = 0; event < EVENTS; event++) {
                team.events[event] += counted[event];
            }
        }
        __asm__ volatile("fence rw, rw" ::: "memory");
        team.steps = 0;
    }
}

void odl_team_join(uint32_t self) {
    ODL_EVENT_MASK_OR = ODL_BARRIER_EVENT;
    ODL_COUNT_EVENTS(-1);
    if (self == 0) {
        ODL_BARRIER_CORES = (1u << ODL_CORES) - 1;
        ODL_BARRIER_WAKES = (1u << ODL_CORES) - 1;
        ODL_FETCH_ENABLE = (1u << ODL_CORES) - 1;
        lead();
    }
    for (;;) {
        odl_cluster_barrier();
        work(self);
        odl_cluster_barrier();
    }
}
