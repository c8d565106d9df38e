/* The shares of odl_split, and a team of changing size through many small steps. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odl/platform.h"
#include "odl/team.h"

enum { STEPS = 10000, LONGEST_RUN = 7, MOST_ROWS = 70, MOST_CORES = 17 };

/* What a kernel knows: its step, and how many cores were to do the one before. */
struct place {
    uint32_t step, cores;
};

static struct odl_step steps[STEPS];
static struct place places[STEPS];
static uint8_t shares[STEPS][ODL_CORES]; /* not atomic: only the barrier orders them */
static sem_t signals[ODL_CORES];
static _Thread_local uint64_t count;

static void check(int holds, const char *what, uint32_t where) {
    if (!holds) {
        fprintf(stderr, "%s at %lu\n", what, (unsigned long)where);
        exit(1);
    }
}

/* --- the platform: a counter that the kernels move, so that the cost is known --- */

static void *core(void *number) {
    odl_team_join((uint32_t)(uintptr_t)number);
    return NULL;
}

void odl_platform_start(void) {
    for (uintptr_t i = 0; i < ODL_CORES; i++) {
        sem_init(&signals[i], 0, 0);
    }
    for (uintptr_t i = 1; i < ODL_CORES; i++) {
        pthread_t thread;
        check(pthread_create(&thread, NULL, core, (void *)i) == 0, "no thread", (uint32_t)i);
    }
}

/* Three waits of four end without a signal, as they may: this finds more than sleeping does. */
void odl_platform_wait(uint32_t self) {
    static _Thread_local uint32_t waits;
    if (waits++ % 4 == 0) {
        sem_wait(&signals[self]);
    } else {
        sched_yield();
    }
}

void odl_platform_signal(uint32_t other) {
    sem_post(&signals[other]);
}

uint64_t odl_platform_count(void) {
    return count;
}

/* --- steps --- */

static uint64_t work_of(uint32_t step, uint32_t id) {
    return (step * 7 + id * 5) % 11;
}

static void share(const void *args, struct odl_core core) {
    const struct place *place = args;
    const uint32_t step = place->step;
    for (uint32_t i = 0; step > 0 && i < ODL_CORES; i++) {
        check(shares[step - 1][i] == (i < place->cores), "the step before is not done", step);
    }
    for (uint32_t i = 0; step + 1 < STEPS && i < ODL_CORES; i++) {
        check(shares[step + 1][i] == 0, "the step behind is begun", step);
    }
    count += work_of(step, (uint32_t)core.id);
    shares[step][core.id]++;
}

/* Teams of 1, 2, .. cores in turn; then all of them, asked for by 0 and by too many. */
static uint32_t asked(uint32_t run) {
    return run % (ODL_CORES + 3) < ODL_CORES + 1 ? run % (ODL_CORES + 3) : 1000;
}

static uint32_t team_of(uint32_t run) {
    const uint32_t cores = asked(run);
    return cores == 0 || cores > ODL_CORES ? ODL_CORES : cores;
}

static void run_team(void) {
    struct odl_cost want = {.critical = 0};
    uint32_t before = 0;
    odl_platform_start();
    for (uint32_t at = 0, run = 0, n; at < STEPS; at += n, run++) {
        n = run % LONGEST_RUN + 1 < STEPS - at ? run % LONGEST_RUN + 1 : STEPS - at;
        for (uint32_t i = at; i < at + n; i++) {
            uint64_t slowest = 0;
            places[i] = (struct place){i, before};
            steps[i] = (struct odl_step){.run = share, .args = &places[i]};
            before = team_of(run);
            for (uint32_t c = 0; c < before; c++) {
                slowest = work_of(i, c) > slowest ? work_of(i, c) : slowest;
                want.total += work_of(i, c);
            }
            want.critical += slowest;
        }
        odl_team_run(steps + at, 0, asked(run)); /* a run of no steps is none */
        odl_team_run(steps + at, n, asked(run));
        for (uint32_t c = 0; c < ODL_CORES; c++) {
            check(shares[at + n - 1][c] == (c < before), "the run is not done", at + n - 1);
        }
        check(odl_team_cost().critical == want.critical, "critical cost", at);
        check(odl_team_cost().total == want.total, "total cost", at);
    }
}

/* --- odl_split --- */

static void split_rows(void) {
    for (int32_t count_of = 1; count_of <= MOST_CORES; count_of++) {
        for (int32_t n = 0; n <= MOST_ROWS; n++) {
            uint8_t taken[MOST_ROWS] = {0};
            for (int32_t id = 0; id < count_of; id++) {
                const struct odl_range r = odl_split(n, (struct odl_core){id, count_of});
                check(0 <= r.begin && r.begin <= r.end && r.end <= n, "no range", (uint32_t)n);
                check(r.end - r.begin <= (n + count_of - 1) / count_of, "too much", (uint32_t)n);
                for (int32_t i = r.begin; i < r.end; i++) {
                    taken[i]++;
                }
            }
            for (int32_t i = 0; i < n; i++) {
                check(taken[i] == 1, "a row not taken once", (uint32_t)n);
            }
        }
    }
}

int main(int argc, char **argv) {
    check(argc == 2, "usage: team_steps split|run", 0);
    if (strcmp(argv[1], "split") == 0) {
        split_rows();
    } else {
        run_team();
    }
    printf("done\n");
    fflush(stdout);
    _Exit(0); /* the other cores wait for ever */
}
