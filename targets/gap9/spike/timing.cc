/*
 * What each instruction costs a core of the cluster. The costs are those of GVSoC's pulp-open,
 * which follow the RI5CY core: one cycle each; a load's result one cycle later and a product's two;
 * two cycles more for a taken branch, one for a jump; four FPUs, core i using FPU i % 4, one
 * operation a cycle; one divider for all; no cost of a hardware loop; L2 behind two routers.
 */
#include "cluster.h"

namespace odl {

Cluster cluster;

namespace {

constexpr uint64_t LOAD = 2, PRODUCT = 3, HIGH_PRODUCT = 6; /* cycles to the result's first use */
constexpr uint64_t DIVISION = 5, SINGLE_DIVISION = 14, HALF_DIVISION = 10;
constexpr uint64_t TAKEN = 2, JUMP = 1, BARRIER = 9, BANKS = 16;
constexpr uint32_t L1 = 0x10000000, L1_END = 0x10200000, L2 = 0x1a000000;

enum Kind { PLAIN, MEMORY, BRANCH, GO, MULTIPLY, MULTIPLY_HIGH, DIVIDE, FLOAT, FLOAT_DIVIDE };

/* How a load or store makes its address; compressed forms have registers elsewhere. */
enum Address { NONE, I_FORM, S_FORM, POST, INDEXED, INDEXED_STORE, C_LOAD, C_STORE, C_POP, C_PUSH };

struct Entry {
    insn_func_t run;
    Kind kind;
    Address address;
    bool is_store;
    uint32_t bytes;
    uint64_t divide;
};

/* Bytes of a load or store, from the field that says so: 0, 1, 2 are 1, 2 and 4. */
uint32_t width(uint32_t field) {
    return 1u << (field & 3);
}

Entry classify(insn_func_t run, uint32_t match, uint32_t mask) {
    Entry e = {run, PLAIN, NONE, false, 4, 0};
    uint32_t opcode = match & 0x7f, funct3 = match >> 12 & 7, funct7 = match >> 25;
    if ((match & 3) != 3) {
        uint32_t c3 = match >> 13 & 7;
        switch (match & 3) {
        case 0:
            if (c3 == 2 || c3 == 6) {
                e = {run, MEMORY, c3 == 2 ? C_LOAD : C_STORE, c3 == 6, 4, 0};
            }
            break;
        case 1:
            e.kind = c3 == 1 || c3 == 5 ? GO : c3 >= 6 ? BRANCH : PLAIN;
            break;
        default:
            if (c3 == 2 || c3 == 6) {
                e = {run, MEMORY, c3 == 2 ? C_POP : C_PUSH, c3 == 6, 4, 0};
            } else if (c3 == 4 && (mask & 0x7c) == 0x7c && (match & 0x7c) == 0) {
                e.kind = GO; /* c.jr, c.jalr */
            }
        }
        return e;
    }
    switch (opcode) {
    case 0x03:
        e = {run,
             MEMORY,
             funct3 == 7 ? INDEXED : I_FORM,
             false,
             width(funct3 == 7 ? funct7 >> 3 : funct3),
             0};
        break;
    case 0x0b:
        e = {run, MEMORY, POST, false, width(funct3 == 7 ? funct7 >> 3 : funct3), 0};
        break;
    case 0x07:
        e = {run, MEMORY, I_FORM, false, width(funct3), 0};
        break;
    case 0x27:
        e = {run, MEMORY, S_FORM, true, width(funct3), 0};
        break;
    case 0x23:
        e = {run, MEMORY, funct3 >= 4 ? INDEXED_STORE : S_FORM, true, width(funct3), 0};
        break;
    case 0x2b:
        e = {run, MEMORY, POST, true, width(funct3), 0};
        break;
    case 0x63:
        e.kind = BRANCH;
        break;
    case 0x67:
    case 0x6f:
        e.kind = GO;
        break;
    case 0x33:
        if (funct7 >= 0x41 && funct7 < 0x60) {
            e.kind = funct7 == 0x44 || funct7 == 0x47 ? FLOAT_DIVIDE : FLOAT;
            e.divide = HALF_DIVISION;
        } else if (funct7 == 1) {
            e.kind = funct3 == 0 ? MULTIPLY : funct3 < 4 ? MULTIPLY_HIGH : DIVIDE;
        }
        break;
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
        e.kind = FLOAT;
        break;
    case 0x53:
        e.kind = funct7 >> 2 == 3 || funct7 >> 2 == 11 ? FLOAT_DIVIDE : FLOAT;
        e.divide = (funct7 & 3) == 2 ? HALF_DIVISION : SINGLE_DIVISION;
        break;
    default:
        break;
    }
    return e;
}

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

/* The registers that an instruction reads, as bits; in doubt, more. */
uint32_t reads(insn_t insn) {
    uint32_t b = (uint32_t)insn.bits();
    auto c = [&](unsigned shift) { return 1u << (8 + (b >> shift & 7)); };
    uint32_t rd = 1u << (b >> 7 & 31), rs1 = 1u << (b >> 15 & 31), rs2 = 1u << (b >> 20 & 31);
    uint32_t short_rs2 = 1u << (b >> 2 & 31), c3 = b >> 13 & 7;
    switch (b & 3) {
    case 0:
        return c3 == 0 ? 1u << 2 : c(7) | (c3 == 6 ? c(2) : 0);
    case 1:
        if (c3 == 0 || c3 == 3) {
            return rd;
        }
        return c3 == 4 ? c(7) | ((b >> 10 & 3) == 3 ? c(2) : 0) : c3 >= 6 ? c(7) : 0;
    case 2:
        return c3 == 4 ? rd | short_rs2 : c3 == 0 ? rd : 1u << 2 | (c3 == 6 ? short_rs2 : 0);
    default:
        break;
    }
    uint32_t opcode = b & 0x7f, funct3 = b >> 12 & 7, funct7 = b >> 25;
    switch (opcode) {
    case 0x37:
    case 0x17:
    case 0x6f:
        return 0;
    case 0x13:
    case 0x67:
    case 0x73:
        return rs1;
    case 0x03:
    case 0x07:
    case 0x0b:
        return rs1 | (funct3 == 7 ? rs2 : 0);
    case 0x23:
    case 0x2b:
        return rs1 | rs2 | (funct3 >= 4 ? rd : 0);
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
        return rs1 | rs2 | 1u << (b >> 27);
    case 0x33: /* those that accumulate */
        return rs1 | rs2 |
               (funct7 == 0x48 || funct7 == 0x49 || funct7 == 0x4b || funct7 == 0x5d ||
                        funct7 == 0x21
                    ? rd
                    : 0);
    case 0x57:
        return rs1 | rs2 | ((funct7 & 0x7e) == 0x64 || (funct7 & 0x7e) == 0x5c ? rd : 0);
    case 0x53:
        return rs1 | rs2 | (funct7 == 0x2a ? rd : 0);
    case 0x7b:
        return funct3 == 2 || funct3 == 4 ? rs1 : 0;
    default:
        return rs1 | rs2;
    }
}

uint32_t address_of(Address form, processor_t *p, insn_t insn) {
    switch (form) {
    case I_FORM:
        return x(p, insn.rs1()) + (uint32_t)insn.i_imm();
    case S_FORM:
        return x(p, insn.rs1()) + (uint32_t)insn.s_imm();
    case INDEXED:
        return x(p, insn.rs1()) + x(p, insn.rs2());
    case INDEXED_STORE:
        return x(p, insn.rs1()) + x(p, insn.rd());
    case C_LOAD:
    case C_STORE:
        return x(p, insn.rvc_rs1s()) + (uint32_t)insn.rvc_lw_imm();
    case C_POP:
        return x(p, 2) + (uint32_t)insn.rvc_lwsp_imm();
    case C_PUSH:
        return x(p, 2) + (uint32_t)insn.rvc_swsp_imm();
    default:
        return x(p, insn.rs1());
    }
}

unsigned destination(insn_t insn) {
    uint32_t b = (uint32_t)insn.bits();
    return (b & 3) == 0 ? 8 + (b >> 2 & 7) : b >> 7 & 31;
}

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

void access(Core &core, uint64_t begun, uint32_t address, uint32_t bytes, bool is_store) {
    core.count[is_store ? STORES : LOADS]++;
    if ((address & 3) + bytes > 4) { /* two words are accessed */
        stall(core, MISALIGNED, 1);
    }
    if (address >= L2 && !core.controller) {
        core.count[is_store ? EXTERNAL_STORES : EXTERNAL_LOADS]++;
        stall(core, is_store ? EXTERNAL_STORE_CYCLES : EXTERNAL_LOAD_CYCLES, EXTERNAL);
    } else if (cluster.bank_conflicts && address >= L1 && address < L1_END && !core.controller) {
        take_turn(core, begun, cluster.bank_free[address / 4 % BANKS], 1, BANK_CONFLICTS);
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
            take_turn(core, begun, cluster.divider_free, e.divide, DIVIDES);
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
    reg_t next = e.run(p, insn, pc);
    core.now++;
    core.count[INSTRUCTIONS]++;
    core.count[COMPRESSED] += insn.length() == 2;
    switch (e.kind) {
    case MEMORY:
        if (!e.is_store) {
            result_at(core, insn, core.now - 1 + LOAD);
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
    case MULTIPLY:
        result_at(core, insn, core.now - 1 + PRODUCT);
        break;
    case MULTIPLY_HIGH:
        result_at(core, insn, core.now - 1 + HIGH_PRODUCT);
        break;
    case DIVIDE:
        stall(core, DIVIDES, DIVISION - 1);
        break;
    case FLOAT_DIVIDE:
        stall(core, DIVIDES, e.divide - 1);
        break;
    default:
        break;
    }
    core.count[CYCLES] += core.now - begun;
    for (Loop &loop : core.loop) {
        if (loop.count && (uint32_t)pc == loop.end && --loop.count) {
            next = (reg_t)(sreg_t)(int32_t)loop.start;
            break;
        }
    }
    if (!core.controller) {
        cluster.due[core.id] = core.now;
        if (!cluster.nested) {
            keep_step(core);
        }
    }
    return next;
}

} // namespace

void sleep(Core &core) {
    core.asleep = true;
    cluster.due[core.id] = NEVER;
}

void wake(Core &core) {
    core.asleep = false;
    core.hart->in_wfi = false;
    cluster.due[core.id] = core.now;
}

uint32_t wait_at_barrier(Core &core, uint32_t address) {
    constexpr uint32_t FIRST = 0x10204200, STRIDE = 0x20, WAIT_CLEAR = 0x1c;
    constexpr unsigned NUMBER = 8;
    static uint32_t arrived[NUMBER];
    uint32_t number = (address - FIRST) / STRIDE;
    if (core.controller || number >= NUMBER || (address - FIRST) % STRIDE != WAIT_CLEAR) {
        return core.hart->mmu->load<uint32_t>(address);
    }
    if (core.released) {
        core.released = false;
        return 1u << 16;
    }
    arrived[number] |= 1u << core.id;
    uint32_t mask = core.hart->mmu->load<uint32_t>(FIRST + number * STRIDE);
    if ((arrived[number] & mask) != mask) {
        sleep(core);
        throw wait_for_interrupt_t();
    }
    for (Core &c : cluster.core) {
        if (arrived[number] >> c.id & 1 && c.hart) {
            uint64_t morning = core.now + BARRIER;
            c.count[WAIT] += morning - c.now;
            c.count[CYCLES] += &c == &core ? 0 : morning - c.now;
            c.now = morning;
            if (&c != &core) {
                c.released = true;
                wake(c);
            }
        }
    }
    arrived[number] = 0;
    return 1u << 16;
}

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
