/* Many small steps on changing teams of threads: each row done once, in order, and added up. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "odl/platform.h"
#include "odl/session.h"
#include "odl/team.h"

enum { ROWS = 37, STEPS = 40 };

static int rows[STEPS + 1][ROWS];
static const int numbers[STEPS] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
                                   15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                                   29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};

/* Row i of step n follows from another core's row of step n - 1, so order matters. */
static void kernel(const void *args, struct odl_core core) {
    const int n = *(const int *)args;
    const struct odl_range r = odl_split(ROWS, core);
    for (int32_t i = r.begin; i < r.end; i++) {
        rows[n][i] += rows[n - 1][ROWS - 1 - i] + 1;
    }
}

static void fail(const char *what, int run) {
    printf("%s in run %d\n", what, run);
    exit(1);
}

static void check_split(void) {
    for (int32_t n = 0; n <= 70; n++) {
        for (int32_t cores = 1; cores <= 17; cores++) {
            int32_t at = 0;
            for (int32_t id = 0; id < cores; id++) {
                const struct odl_range r = odl_split(n, (struct odl_core){id, cores});
                if (r.begin != at || r.end < r.begin) {
                    fail("a gap", n);
                }
                at = r.end;
            }
            if (at != n) {
                fail("rows missing", n);
            }
        }
    }
}

int main(int argc, char **argv) {
    const int runs = argc > 1 ? atoi(argv[1]) : 10;
    struct odl_step steps[STEPS];
    for (int i = 0; i < STEPS; i++) {
        steps[i] = (struct odl_step){kernel, &numbers[i]};
    }
    check_split();
    odl_platform_start();
    for (int run = 0; run < runs; run++) {
        for (int n = 0; n <= STEPS; n++) {
            for (int i = 0; i < ROWS; i++) {
                rows[n][i] = 0;
            }
        }
        const struct odl_cost before = odl_team_cost();
        odl_team_run(steps, STEPS, (uint32_t)(run % (ODL_CORES + 1)));
        odl_team_run(steps, 0, 0);
        const struct odl_cost after = odl_team_cost();
        for (int i = 0; i < ROWS; i++) {
            if (rows[STEPS][i] != STEPS) {
                fail("a row is wrong", run);
            }
        }
        const uint64_t critical = after.critical - before.critical;
        const uint64_t total = after.total - before.total;
        if (critical > total || total > critical * ODL_CORES) {
            fail("costs contradict each other", run);
        }
    }
    puts("ok");
    odl_platform_exit(fflush(stdout));
}
