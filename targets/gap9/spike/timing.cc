/*
 * What each instruction costs a core of the cluster. The costs are those of GVSoC's pulp-open,
 * which follow the RI5CY core: one cycle each, two for a product; results of both one cycle later;
 * two cycles more for a taken branch, one for a jump; four FPUs, core i using FPU i % 4, one
 * operation a cycle; one divider for all; no cost of a hardware loop; L2 behind two routers.
 */
#include "forms.h"

namespace odl {

Cluster cluster;

namespace {

constexpr reg_t SERIALIZE_BEFORE = 3; /* of Spike: it comes back with the same instruction */
constexpr uint64_t LOAD = 1;          /* cycles to its result, but one */
constexpr uint64_t TAKEN = 2, JUMP = 1, BANKS = 16;
constexpr uint32_t L1 = 0x10000000, L1_END = 0x10200000, L2 = 0x1a000000;

/* One trampoline for each instruction that the decoder knows. */
constexpr size_t MOST = 1280;
Entry entries[MOST];
reg_t execute(const Entry &e, processor_t *p, insn_t insn, reg_t pc);

template <size_t N> reg_t trampoline(processor_t *p, insn_t insn, reg_t pc) {
    return execute(entries[N], p, insn, pc);
}

template <size_t... N> std::array<insn_func_t, MOST> all(std::index_sequence<N...>) {
    return {trampoline<N>...};
}

const std::array<insn_func_t, MOST> trampolines = all(std::make_index_sequence<MOST>());

void stall(Core &core, Event cause, uint64_t cycles) {
    core.now += cycles;
    core.count[cause] += cycles;
}

void result_at(Core &core, insn_t insn, uint64_t when) {
    core.ready[destination(insn)] = when;
    core.all_ready = std::max(core.all_ready, when);
}

/*
 * Queue for a shared unit that takes one operation after the other. Places are given in the order
 * in which instructions begin, before they wait for their operands (gvsoc-core, resource.cpp).
 */
void take_turn(Core &core, uint64_t begun, uint64_t &free, uint64_t busy, Event cause) {
    uint64_t turn = std::max(free, begun);
    stall(core, cause, turn - begun);
    free = turn + busy;
}

/* An access beyond a word's end is two, one cycle after the other. */
void access(Core &core, uint64_t begun, uint32_t address, uint32_t bytes, bool is_store) {
    const uint32_t words = (address & 3) + bytes > 4 ? 2 : 1;
    core.count[is_store ? STORES : LOADS]++;
    stall(core, MISALIGNED, words - 1);
    if (core.controller) {
        return;
    }
    if (address >= L2) {
        core.count[is_store ? EXTERNAL_STORES : EXTERNAL_LOADS]++;
        stall(core, is_store ? EXTERNAL_STORE_CYCLES : EXTERNAL_LOAD_CYCLES, EXTERNAL * words);
    } else if (cluster.bank_conflicts && address >= L1 && address < L1_END) {
        for (uint32_t i = 0; i < words; i++) {
            uint64_t &free = cluster.bank_free[(address / 4 + i) % BANKS];
            take_turn(core, begun + i, free, 1, BANK_CONFLICTS);
        }
    }
}

/* Execute one instruction of a hart: what its step(1) does, without the turn around it. */
void step(processor_t *p) {
    constexpr uint32_t SYSTEM = 0x73, FENCE = 0x0f;
    const reg_t pc = p->state.pc;
    try {
        insn_fetch_t fetch = p->mmu->access_icache(pc)->data;
        const uint32_t opcode = (uint32_t)fetch.insn.bits() & 0x7f;
        if (opcode == SYSTEM || opcode == FENCE) {
            p->step(1);
        } else {
            p->state.pc = fetch.func(p, fetch.insn, pc);
        }
    } catch (trap_t &trap) {
        p->take_trap(trap, pc);
    } catch (wait_for_interrupt_t &) {
        p->in_wfi = true;
    }
}

/* Let the others catch up: whoever is earliest executes one instruction. */
void keep_step(const Core &leader) {
    cluster.nested = true;
    cluster.due[leader.id] = NEVER;
    for (;;) {
        unsigned first = 0;
        for (unsigned i = 1; i < CORES; i++) {
            first = cluster.due[i] < cluster.due[first] ? i : first;
        }
        if (cluster.due[first] >= leader.now) {
            break;
        }
        Core &next = cluster.core[first];
        uint64_t before = next.now;
        step(next.hart);
        if (next.now == before && !next.asleep) {
            cluster.due[first] = ++next.now; /* it has trapped */
        }
    }
    cluster.due[leader.id] = leader.asleep ? NEVER : leader.now;
    cluster.nested = false;
}

/* Account for an instruction; the others catch up unless one of them is about to. */
reg_t end(Core &core, uint64_t begun, reg_t next) {
    core.count[CYCLES] += core.now - begun;
    if (!core.controller) {
        cluster.due[core.id] = core.now;
        if (!cluster.nested) {
            keep_step(core);
        }
    }
    return next;
}

reg_t execute(const Entry &e, processor_t *p, insn_t insn, reg_t pc) {
    Core &core = core_of(p);
    cluster.current = &core;
    if (core.asleep) {
        throw wait_for_interrupt_t();
    }
    const uint64_t begun = core.now;
    if (!core.controller) {
        stall(core, FETCH_STALL, fetch(core, (uint32_t)pc));
        if (e.kind == FLOAT) {
            take_turn(core, begun, cluster.fpu_free[core.id % 4], 1, FPU_CONTENTION);
        } else if (e.kind == FLOAT_DIVIDE) {
            take_turn(core, begun, cluster.divider_free, e.latency, DIVIDES);
        }
    }
    for (uint32_t left = core.all_ready > core.now ? reads(insn) & ~1u : 0; left;
         left &= left - 1) {
        uint64_t ready = core.ready[__builtin_ctz(left)];
        if (ready > core.now) {
            stall(core, LOAD_STALL, ready - core.now);
        }
    }
    if (e.kind == MEMORY) {
        access(core, begun, address_of(e.address, p, insn), e.bytes, e.is_store);
    }
    const uint64_t latency = e.kind == DIVIDE ? division(p, insn) : e.latency;
    const unsigned rd = destination(insn);
    const uint32_t before = x(p, rd);
    reg_t next = e.run(p, insn, pc);
    if (next == SERIALIZE_BEFORE) {
        return next;
    }
    core.now++;
    if (core.again) {
        core.again = false;
        set_x(p, rd, e.is_store ? x(p, rd) : before);
        return end(core, begun, pc);
    }
    core.count[INSTRUCTIONS]++;
    core.count[COMPRESSED] += insn.length() == 2;
    switch (e.kind) {
    case MEMORY:
        if (!e.is_store) {
            result_at(core, insn, core.now + LOAD);
        }
        break;
    case BRANCH:
        core.count[BRANCHES]++;
        if (next != pc + insn.length()) {
            core.count[TAKEN_BRANCHES]++;
            stall(core, JUMP_STALL, TAKEN);
        }
        break;
    case GO:
        core.count[JUMPS]++;
        stall(core, JUMP_STALL, JUMP);
        break;
    case MULTIPLY: /* the next one waits for the pipeline, too (gvsoc-core, exec_inorder) */
        result_at(core, insn, core.now + e.latency);
        stall(core, LOAD_STALL, e.latency - 1);
        break;
    case DIVIDE:
    case FLOAT_DIVIDE:
        stall(core, DIVIDES, latency - 1);
        break;
    default:
        break;
    }
    for (Loop &loop : core.loop) {
        if (loop.count && (uint32_t)pc == loop.end && --loop.count) {
            next = (reg_t)(sreg_t)(int32_t)loop.start;
            break;
        }
    }
    return end(core, begun, next);
}

} // namespace

void time_instructions(processor_t &hart) {
    using Key = std::tuple<insn_func_t, insn_bits_t, insn_bits_t>;
    static std::map<Key, size_t> known;
    for (auto &bucket : hart.opcode_map) {
        for (opcode_map_entry_t &e : bucket) {
            auto [at, fresh] = known.emplace(Key{e.func, e.match, e.mask}, known.size());
            if (at->second >= MOST) {
                throw std::runtime_error("more instructions than the timing model has room for");
            }
            if (fresh) {
                entries[at->second] = classify(e.func, (uint32_t)e.match, (uint32_t)e.mask);
            }
            e.func = trampolines[at->second];
        }
    }
}

} // namespace odl
