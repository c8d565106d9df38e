/* A PULP cluster as the timing model sees it: cores in step, what they share, what they cost. */
#ifndef ODL_SPIKE_CLUSTER_H
#define ODL_SPIKE_CLUSTER_H

#include "spike.h"

namespace odl {

constexpr unsigned CORES = 8;       /* of the cluster */
constexpr unsigned CONTROLLER = 31; /* the fabric controller's cluster number in mhartid */
constexpr unsigned REGISTERS = 32;
constexpr uint64_t NEVER = UINT64_MAX;
constexpr uint64_t EXTERNAL = 14; /* cycles to L2 and back, beyond L1's: routers of 2 and 12 */

/* Performance counters, numbered as PCCR0 to PCCR30 of the cores. */
enum Event {
    CYCLES = 0,
    INSTRUCTIONS = 1,
    LOAD_STALL = 2, /* also the wait for a multiplier's result */
    JUMP_STALL = 3,
    FETCH_STALL = 4,
    LOADS = 5,
    STORES = 6,
    JUMPS = 7,
    BRANCHES = 8,
    TAKEN_BRANCHES = 9,
    COMPRESSED = 10,
    WAIT = 11, /* cycles asleep in p.elw */
    EXTERNAL_LOADS = 12,
    EXTERNAL_STORES = 13,
    EXTERNAL_LOAD_CYCLES = 14,
    EXTERNAL_STORE_CYCLES = 15,
    BANK_CONFLICTS = 16,
    DIVIDES = 17, /* cycles in the divider, waiting for it included; ours, not the chip's */
    MISALIGNED = 29,
    FPU_CONTENTION = 30,
    EVENTS = 31,
};

struct Loop {
    uint32_t start = 0, end = 0, count = 0;
};

struct Core {
    processor_t *hart = nullptr;
    bool controller = false;
    unsigned id = 0;     /* 0 to CORES - 1 in the cluster */
    uint64_t now = 0;    /* the cycle in which the next instruction starts */
    bool asleep = false; /* in p.elw, until `release` */
    bool released = false;
    bool again = false;         /* a device is not ready: the instruction is executed once more */
    uint32_t line = UINT32_MAX; /* of instructions, that the core holds ready */
    Loop loop[2];
    uint64_t ready[REGISTERS] = {}; /* the cycle from which a register may be read */
    uint64_t all_ready = 0;         /* the latest of them */
    uint64_t count[EVENTS] = {};
    uint64_t base[EVENTS] = {};   /* `count` when the counter was 0 */
    uint64_t frozen[EVENTS] = {}; /* the counters' values while they stand still */
    bool counting = false;
    uint32_t enabled = 0x7fffffff; /* the events that count while `counting` */
};

struct Cluster {
    Core core[CORES], controller;
    uint64_t due[CORES];     /* `now` of those that are awake, else NEVER */
    Core *current = nullptr; /* whose instruction is being executed */
    bool nested = false;     /* `current` is stepped by another core's step */
    uint64_t fpu_free[4] = {}, divider_free = 0;
    uint64_t bank_free[16] = {};
    bool bank_conflicts = false;
};

extern Cluster cluster;

/* The core that a hart is; hart ids are cluster << 5 | core, as on the chip. */
inline Core &core_of(const processor_t *hart) {
    unsigned id = hart->get_id();
    return id >> 5 == CONTROLLER ? cluster.controller : cluster.core[id % CORES];
}

/* Wrap every instruction of the hart's decoder in the timing model. */
void time_instructions(processor_t &hart);

/* Cycles that a core waits for an instruction. */
uint64_t fetch(Core &core, uint32_t pc);

/* Begin and end a core's sleep. */
void sleep(Core &core);
void wake(Core &core);

/* Execute p.elw at a barrier: the address loaded from, and what the instruction then reads. */
uint32_t wait_at_barrier(Core &core, uint32_t address);

/* Instructions, for extension.cc. */
std::vector<insn_desc_t> half_instructions();
std::vector<insn_desc_t> brain_instructions();
std::vector<insn_desc_t> memory_instructions();
std::vector<insn_desc_t> integer_instructions();
std::vector<insn_desc_t> counter_instructions();
std::vector<csr_t_p> counters(processor_t &hart);

inline uint32_t x(processor_t *p, unsigned i) {
    return (uint32_t)p->state.XPR[i];
}

inline void set_x(processor_t *p, unsigned i, uint32_t value) {
    p->state.XPR.write(i, (reg_t)(sreg_t)(int32_t)value);
}

/* An instruction that is the same in every mode. */
inline insn_desc_t instruction(uint32_t match, uint32_t mask, insn_func_t run) {
    return insn_desc_t{match, mask, run, run, run, run, run, run, run, run};
}

} // namespace odl
#endif
