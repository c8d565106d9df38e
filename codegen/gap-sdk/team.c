/*
 * The team with PMSIS. A run of steps is one task of the cluster, which its cores fork; a barrier
 * stands behind each step, whose cost is the time from its barrier to the next.
 */
#include "odl/team.h"

#include "odl/platform.h"
#include "pmsis.h"

enum { STACK_BYTES = 2048, ARGS_BYTES = 256, COMMANDS = 8 };

static struct pi_device cluster;

static struct {
    const struct odl_step *steps;
    uint32_t count, cores;
    uint32_t critical;        /* cycles of the last run */
    uint32_t busy[ODL_CORES]; /* cycles of each core inside its kernels */
    struct odl_cost cost;
} team;

/* Arguments of two steps, this and the next, where loads take one cycle. */
static PI_L1 uint8_t args_near[2][ARGS_BYTES] __attribute__((aligned(4)));

/* The DMA's commands that are under way; the core that serves it knows them alone. */
struct dma {
    pi_cl_dma_cmd_t commands[COMMANDS];
    uint32_t count;
};

static void wait_for(struct dma *dma) {
    for (uint32_t i = 0; i < dma->count; i++) {
        pi_cl_dma_cmd_wait(&dma->commands[i]);
    }
    dma->count = 0;
}

/* Begin a transfer; where there are too many, those before it come to their end first. */
static void begin(struct dma *dma, const struct odl_transfer *t) {
    const uint32_t far = (uint32_t)(uintptr_t)t->tensor, near = (uint32_t)(uintptr_t)t->tile;
    const pi_cl_dma_dir_e way = t->into ? PI_CL_DMA_DIR_EXT2LOC : PI_CL_DMA_DIR_LOC2EXT;
    if (dma->count == COMMANDS) {
        wait_for(dma);
    }
    pi_cl_dma_cmd_t *command = &dma->commands[dma->count++];
    if (t->rows > 1) {
        pi_cl_dma_cmd_2d(far, near, t->row * t->rows, t->stride, t->row, way, command);
    } else {
        pi_cl_dma_cmd(far, near, t->row, way, command);
    }
}

static int is_fetched(const struct odl_step *step) {
    return step->args_bytes > 0 && step->args_bytes <= ARGS_BYTES;
}

static const void *args_of(const struct odl_step *step, uint32_t number) {
    return is_fetched(step) ? args_near[number & 1] : step->args;
}

static void fetch_args(struct dma *dma, const struct odl_step *step, uint32_t number) {
    if (is_fetched(step)) {
        begin(dma, &(struct odl_transfer){.tile = args_near[number & 1],
                                          .tensor = (void *)(uintptr_t)step->args,
                                          .row = step->args_bytes,
                                          .rows = 1,
                                          .into = 1});
    }
}

/* What runs beside a step: its transfers, and what the next one needs. */
static void serve(struct dma *dma, const struct odl_step *steps, uint32_t i, uint32_t count) {
    for (uint32_t k = 0; k < steps[i].transfer_count; k++) {
        begin(dma, &steps[i].transfers[k]);
    }
    if (i + 1 < count) {
        fetch_args(dma, &steps[i + 1], i + 1);
    }
}

/* What each core of the team does; the last one serves the DMA. */
static void work(void *unused) {
    (void)unused;
    const uint32_t self = (uint32_t)pi_core_id(), count = team.count;
    const struct odl_core core = {(int32_t)self, (int32_t)team.cores};
    const struct odl_step *steps = team.steps;
    const int moves = self == team.cores - 1;
    struct dma dma = {.count = 0};
    uint32_t busy = 0;
    pi_perf_conf(1u << PI_PERF_CYCLES);
    pi_perf_start();
    if (moves) {
        fetch_args(&dma, &steps[0], 0);
        wait_for(&dma);
    }
    pi_cl_team_barrier();
    const uint32_t first = (uint32_t)odl_platform_count();
    for (uint32_t i = 0; i < count; i++) {
        if (moves) {
            serve(&dma, steps, i, count);
        }
        if (odl_is_called(&steps[i])) {
            const uint32_t start = (uint32_t)odl_platform_count();
            steps[i].run(args_of(&steps[i], i), core);
            busy += (uint32_t)odl_platform_count() - start;
        }
        if (moves) {
            wait_for(&dma);
        }
        pi_cl_team_barrier();
    }
    team.busy[self] = busy;
    if (self == 0) {
        team.critical = (uint32_t)odl_platform_count() - first;
    }
}

static void lead(void *unused) {
    pi_cl_team_fork((int)team.cores, work, unused);
}

void odl_team_run(const struct odl_step *steps, uint32_t count, uint32_t cores) {
    if (count == 0) {
        return;
    }
    team.steps = steps;
    team.count = count;
    team.cores = cores == 0 || cores > ODL_CORES ? ODL_CORES : cores;
    struct pi_cluster_task task;
    pi_cluster_task(&task, lead, NULL);
    pi_cluster_task_stacks(&task, NULL, STACK_BYTES);
    if (pi_cluster_send_task_to_cl(&cluster, &task) != 0) {
        odl_platform_exit(1);
    }
    team.cost.critical += team.critical;
    for (uint32_t i = 0; i < team.cores; i++) {
        team.cost.total += team.busy[i];
    }
}

struct odl_cost odl_team_cost(void) {
    return team.cost;
}

void odl_platform_start(void) {
    static struct pi_cluster_conf conf;
    pi_cluster_conf_init(&conf);
    pi_open_from_conf(&cluster, &conf);
    if (pi_cluster_open(&cluster) != 0) {
        pmsis_exit(1);
    }
}

uint64_t odl_platform_count(void) {
    return pi_perf_read(PI_PERF_CYCLES);
}

_Noreturn void odl_platform_exit(int code) {
    pi_cluster_close(&cluster);
    pmsis_exit(code);
    for (;;) {
    }
}
