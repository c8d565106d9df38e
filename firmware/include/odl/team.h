/* A team of cores runs the steps of a model: every core its share of a step, then a barrier. */
#ifndef ODL_TEAM_H
#define ODL_TEAM_H

#include <stdint.h>

/* Which core of how many is to do its share. */
struct odl_core {
    int32_t id, count;
};

/* A kernel: it does the share of `core` of the work that its argument struct describes. */
typedef void odl_kernel(const void *args, struct odl_core core);

/* `rows` rows of `row` bytes between a tensor and a tile, where they are dense. */
struct odl_transfer {
    void *tile;
    void *tensor; /* its first row; only read where the tile is filled */
    uint32_t row, rows;
    uint32_t stride; /* bytes from one row to the next */
    uint32_t into;   /* whether the tile is filled; otherwise the tensor is */
};

/* One step of a model: a kernel, if it has one, and transfers that run beside it. */
struct odl_step {
    odl_kernel *run;
    const void *args;
    uint32_t args_bytes;
    uint32_t transfer_count;
    const struct odl_transfer *transfers;
    const uint8_t *when; /* a boolean without which the kernel is not called; NULL: it always is */
};

/* Whether a step's kernel is called in this run; its transfers and its barrier always are. */
static inline int odl_is_called(const struct odl_step *step) {
    return step->run != 0 && (step->when == 0 || *step->when != 0);
}

/* The half-open range of rows that a core works on. */
struct odl_range {
    int32_t begin, end;
};

/* n / of, where n is not negative; a division by a full cluster's cores would cost more than the
 * rest of a share. */
static inline int32_t odl_over(int32_t n, int32_t of) {
    return of == 8 ? (int32_t)((uint32_t)n / 8) : n / of;
}

/* The share of `core` of `n` rows. */
static inline struct odl_range odl_split(int32_t n, struct odl_core core) {
    int32_t share = odl_over(n + core.count - 1, core.count);
    int32_t begin = core.id * share < n ? core.id * share : n;
    int32_t end = n - begin < share ? n : begin + share;
    return (struct odl_range){begin, end};
}

/* What a run cost, in the unit that the platform counts (odl_platform_count). */
struct odl_cost {
    uint64_t critical;      /* over the steps, the sum of the slowest core's count */
    uint64_t total;         /* over the steps and the cores, the sum of all counts */
    const uint64_t *events; /* sums over the cores, of what target.toml lists as events */
    uint32_t event_count;
};

/*
 * Run `count` steps on the first `cores` cores (0: on all), core 0 being the caller, with a
 * barrier behind each step. Waiting is not counted. Only core 0 may call it.
 */
void odl_team_run(const struct odl_step *steps, uint32_t count, uint32_t cores);

/* The cost of all runs since the start. */
struct odl_cost odl_team_cost(void);

/* What a core other than 0 does: it waits for work and never returns. The platform calls it. */
void odl_team_join(uint32_t core);

#endif
