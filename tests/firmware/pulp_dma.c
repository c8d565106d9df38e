/*
 * Transfers between L1 and L2 by the cores of a gap9's cluster; what came of them goes to the host
 * as one struct report, whose fields test_dma.py names.
 */
#include "cluster.h"

#include "odl/platform.h"
#include "odl/session.h"
#include "odl/team.h"

enum { COUNTERS = 16, PART = 128, ROWS = 5, ROW = 24, DISTANCE = 100, SAVED_DISTANCE = 60 };

static struct {
    uint32_t counters[COUNTERS], taken; /* in their order; the status when all are */
    uint32_t late_counter, waited;      /* the one more, and whether it came after the release */
    uint32_t before[2], after[2];       /* first and last word: not waited for, and waited for */
    uint32_t source[1024], rows[ROWS * ROW / 4], saved[ROWS * SAVED_DISTANCE / 4];
    uint32_t pieces[1024];           /* loaded by more commands than the queue takes */
    uint32_t parts[ODL_CORES][PART]; /* of each core, loaded by all at once */
} report;

static uint32_t near[1024] __attribute__((section(".l1"), aligned(4)));
static volatile uint32_t released, finished;

static void command(uint32_t head, const void *l1, const void *l2, uint32_t row, uint32_t stride) {
    ODL_DMA_COMMAND = head | ODL_DMA_INCREMENT | (row ? ODL_DMA_ROWS : 0);
    ODL_DMA_COMMAND = (uint32_t)(uintptr_t)l1;
    ODL_DMA_COMMAND = (uint32_t)(uintptr_t)l2;
    if (row) {
        ODL_DMA_COMMAND = row;
        ODL_DMA_COMMAND = stride;
    }
}

static void finish(uint32_t counter) {
    while (ODL_DMA_STATUS >> counter & 1) {
    }
    ODL_DMA_STATUS = 1u << counter;
}

/* Core 0 takes all counters and asks for one more, until core 1 gives one back. */
static void take_counters(uint32_t self) {
    if (self == 0) {
        for (int i = 0; i < COUNTERS; i++) {
            report.counters[i] = ODL_DMA_COMMAND;
        }
        report.taken = ODL_DMA_STATUS;
    }
    odl_cluster_barrier();
    if (self == 0) {
        report.late_counter = ODL_DMA_COMMAND;
        report.waited = released;
        ODL_DMA_STATUS = 0xffff;
    } else if (self == 1) {
        for (volatile int i = 0; i < 100; i++) {
        }
        released = 1;
        ODL_DMA_STATUS = 1u << 5;
    }
}

static void load_unasked(void) {
    const volatile uint32_t *seen = near;
    for (int i = 0; i < PART; i++) {
        near[i] = 0xaaaaaaaa;
    }
    const uint32_t counter = ODL_DMA_COMMAND;
    command(sizeof near[0] * PART | ODL_DMA_TO_L1, near, report.source, 0, 0);
    report.before[0] = seen[0];
    report.before[1] = seen[PART - 1];
    finish(counter);
    report.after[0] = seen[0];
    report.after[1] = seen[PART - 1];
}

static void copy_rows(void) {
    uint32_t counter = ODL_DMA_COMMAND;
    command(sizeof report.rows | ODL_DMA_TO_L1, near, report.source, ROW, DISTANCE);
    finish(counter);
    for (uint32_t i = 0; i < ROWS * ROW / 4; i++) {
        report.rows[i] = near[i];
    }
    counter = ODL_DMA_COMMAND;
    command(sizeof report.rows, near, report.saved, ROW, SAVED_DISTANCE);
    finish(counter);
}

static void load_pieces(void) {
    enum { PIECE = 64 };
    const uint32_t counter = ODL_DMA_COMMAND;
    for (int i = 0; i < 1024; i += PIECE) {
        command(sizeof near[0] * PIECE | ODL_DMA_TO_L1, near + i, report.source + i, 0, 0);
    }
    finish(counter);
    for (int i = 0; i < 1024; i++) {
        report.pieces[i] = near[i];
    }
}

/* All cores write their commands' words in the same cycles. */
static void load_together(uint32_t self) {
    const uint32_t *from = report.source + self * PART;
    uint32_t *to = near + self * PART;
    odl_cluster_barrier();
    const uint32_t counter = ODL_DMA_COMMAND;
    command(PART | ODL_DMA_TO_L1, to, from, PART / 4, PART / 4);
    command(PART | ODL_DMA_TO_L1, to + PART / 4, from + PART / 4, 0, 0);
    command(2 * PART | ODL_DMA_TO_L1, to + PART / 2, from + PART / 2, PART, PART);
    finish(counter);
    for (int i = 0; i < PART; i++) {
        report.parts[self][i] = to[i];
    }
}

int main(void) {
    for (uint32_t i = 0; i < 1024; i++) {
        report.source[i] = i * 2654435761u;
    }
    odl_platform_start();
    while (!finished) {
    }
    odl_platform_write(&report, sizeof report);
    odl_platform_exit(0);
}

void odl_team_join(uint32_t self) {
    ODL_EVENT_MASK_OR = ODL_BARRIER_EVENT;
    if (self == 0) {
        ODL_BARRIER_CORES = (1u << ODL_CORES) - 1;
        ODL_BARRIER_WAKES = (1u << ODL_CORES) - 1;
        ODL_FETCH_ENABLE = (1u << ODL_CORES) - 1;
    }
    take_counters(self);
    odl_cluster_barrier();
    if (self == 0) {
        load_unasked();
        copy_rows();
        load_pieces();
    }
    load_together(self);
    odl_cluster_barrier();
    finished = 1;
    for (;;) {
        odl_cluster_barrier();
    }
}

void odl_session_trap(const char *line) {
    (void)line;
}
