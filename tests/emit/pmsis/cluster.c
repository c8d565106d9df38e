/*
 * A cluster of threads behind the calls of PMSIS, to run steps on a team as the SDK would. Its DMA
 * copies nothing before it is waited for, so that who does not wait is found.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odl/platform.h"
#include "odl/team.h"
#include "pmsis.h"

enum { STEPS = 200, TICKS = 3 };

static pthread_barrier_t barrier;
static _Thread_local int self;
static _Thread_local unsigned cycles;
static void (*forked)(void *);
static int opened, counting;

static void check(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

/* --- PMSIS --- */

void pi_cluster_conf_init(struct pi_cluster_conf *conf) {
    conf->id = 0;
}

void pi_open_from_conf(struct pi_device *device, void *conf) {
    device->config = conf;
}

int pi_cluster_open(struct pi_device *device) {
    opened = device->config != NULL;
    return opened ? 0 : -1;
}

int pi_cluster_close(struct pi_device *device) {
    check(device->config != NULL && opened, "closed before it was opened");
    opened = 0;
    return 0;
}

struct pi_cluster_task *pi_cluster_task(struct pi_cluster_task *task, void (*entry)(void *),
                                        void *arg) {
    *task = (struct pi_cluster_task){entry, arg, NULL, 0};
    return task;
}

void pi_cluster_task_stacks(struct pi_cluster_task *task, void *stacks, int stack_size) {
    task->stacks = stacks;
    task->slave_stack_size = (uint32_t)stack_size;
}

int pi_cluster_send_task_to_cl(struct pi_device *device, struct pi_cluster_task *task) {
    check(opened && device->config != NULL, "no cluster is open");
    task->entry(task->arg);
    return 0;
}

int pi_core_id(void) {
    return self;
}

static void *run_core(void *number) {
    self = (int)(intptr_t)number;
    forked(NULL);
    return NULL;
}

void pi_cl_team_fork(int cores, void (*entry)(void *), void *arg) {
    pthread_t threads[ODL_CORES];
    check(arg == NULL && cores >= 1 && cores <= ODL_CORES, "no such team");
    forked = entry;
    pthread_barrier_init(&barrier, NULL, (unsigned)cores);
    for (intptr_t i = 0; i < cores; i++) {
        check(pthread_create(&threads[i], NULL, run_core, (void *)i) == 0, "no thread");
    }
    for (int i = 0; i < cores; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&barrier);
}

void pi_cl_team_barrier(void) {
    pthread_barrier_wait(&barrier);
}

void pi_cl_dma_cmd_2d(uint32_t ext, uint32_t loc, uint32_t size, uint32_t stride, uint32_t length,
                      pi_cl_dma_dir_e dir, pi_cl_dma_cmd_t *cmd) {
    check(size % length == 0 && stride >= length, "no such rows");
    *cmd = (pi_cl_dma_cmd_t){ext, loc, size, stride, length, dir == PI_CL_DMA_DIR_EXT2LOC};
}

void pi_cl_dma_cmd(uint32_t ext, uint32_t loc, uint32_t size, pi_cl_dma_dir_e dir,
                   pi_cl_dma_cmd_t *cmd) {
    pi_cl_dma_cmd_2d(ext, loc, size, size, size, dir, cmd);
}

void pi_cl_dma_cmd_wait(pi_cl_dma_cmd_t *cmd) {
    uint8_t *near = (uint8_t *)(uintptr_t)cmd->loc, *far = (uint8_t *)(uintptr_t)cmd->ext;
    for (uint32_t at = 0; at < cmd->size; at += cmd->length, far += cmd->stride) {
        memcpy(cmd->into ? near + at : far, cmd->into ? far : near + at, cmd->length);
    }
}

void pi_perf_conf(unsigned events) {
    check(events == 1u << PI_PERF_CYCLES, "cycles are counted");
}

void pi_perf_start(void) {
    __atomic_store_n(&counting, 1, __ATOMIC_RELAXED);
}

unsigned int pi_perf_read(int id) {
    check(id == PI_PERF_CYCLES && __atomic_load_n(&counting, __ATOMIC_RELAXED), "cycles are read");
    return cycles;
}

void pmsis_exit(int code) {
    check(!opened, "the cluster is left open");
    printf("done\n");
    exit(code);
}

/* --- steps --- */

/* Small arguments are brought to L1, large ones are read where they stand. */
struct place {
    uint32_t step, cores;
    uint8_t more[300];
};

/* Rows are brought to a tile beside a step, moved by one in the next, and taken beside the third.
 */
enum { MOST = 11, ROW = 3, ROWS = 4, STRIDE = 5 };

static uint8_t tiles[3][MOST][ROW * ROWS], tensors[STEPS][MOST][STRIDE * ROWS];
static struct odl_transfer transfers[STEPS][2 * MOST];
static struct place places[STEPS];
static struct odl_step steps[STEPS];
static uint8_t shares[STEPS][ODL_CORES];

static uint32_t moved(uint32_t step) {
    return step % (MOST + 1);
}

static int has_kernel(uint32_t step) {
    return step % 5 != 4;
}

static struct odl_transfer transfer(uint32_t step, uint32_t i, uint32_t into) {
    return (struct odl_transfer){tiles[step % 3][i], tensors[step][i], ROW,
                                 i % 2 ? ROWS : 1,   STRIDE,           into};
}

static uint32_t transfers_of(uint32_t step) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < moved(step); i++) {
        memset(tensors[step][i], (int)(step + i), sizeof tensors[step][i]);
        transfers[step][n++] = transfer(step, i, 1);
    }
    for (uint32_t i = 0; step > 1 && i < moved(step - 2); i++) {
        transfers[step][n++] = transfer(step - 2, i, 0);
    }
    return n;
}

static void check_moved(uint32_t step) {
    for (uint32_t i = 0; i < moved(step); i++) {
        for (uint32_t at = 0; at < STRIDE * ROWS; at++) {
            const int in_rows = at % STRIDE < ROW && at / STRIDE < (i % 2 ? ROWS : 1);
            const uint32_t more = in_rows && has_kernel(step + 1);
            check(tensors[step][i][at] == (uint8_t)(step + i + more), "a row is not moved");
        }
    }
}

static void share(const void *args, struct odl_core core) {
    uint32_t place[2];
    memcpy(place, args, sizeof place);
    const uint32_t step = place[0], before = place[1];
    for (uint32_t i = 0; step > 0 && has_kernel(step - 1) && i < ODL_CORES; i++) {
        check(shares[step - 1][i] == (i < before), "the step before is not done");
    }
    for (uint32_t i = 0; core.id == 0 && step > 0 && i < moved(step - 1); i++) {
        for (uint32_t at = 0; at < ROW * ROWS; at++) {
            tiles[(step - 1) % 3][i][at]++;
        }
    }
    cycles += TICKS;
    shares[step][core.id]++;
}

int main(void) {
    uint64_t critical = 0, total = 0;
    uint32_t before = 0;
    odl_platform_start();
    for (uint32_t at = 0, run = 0, n; at < STEPS; at += n, run++) {
        const uint32_t asked = run % (ODL_CORES + 2);
        const uint32_t cores = asked == 0 || asked > ODL_CORES ? ODL_CORES : asked;
        n = run % 7 + 1 < STEPS - at ? run % 7 + 1 : STEPS - at;
        for (uint32_t i = at; i < at + n; i++) {
            places[i].step = i;
            places[i].cores = before;
            steps[i] = (struct odl_step){0, 0, 0, transfers_of(i), transfers[i], 0};
            if (has_kernel(i)) {
                steps[i].run = share;
                steps[i].args = &places[i];
                steps[i].args_bytes = i % 3 ? 8 : sizeof places[i];
                critical += TICKS;
                total += (uint64_t)TICKS * cores;
            }
            before = cores;
        }
        odl_team_run(steps + at, 0, asked); /* a run of no steps is none */
        odl_team_run(steps + at, n, asked);
        check(odl_team_cost().critical == critical, "critical cost");
        check(odl_team_cost().total == total, "total cost");
    }
    for (uint32_t i = 0; i + 2 < STEPS; i++) {
        check_moved(i);
    }
    odl_platform_exit(0);
}
