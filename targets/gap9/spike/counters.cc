/* Performance counters as RI5CY has them: PCCR0 to PCCR30, their mode register, and a common reset.
 */
#include "cluster.h"

namespace odl {
namespace {

constexpr reg_t PCCR = 0x780, ALL = 0x79f, PCER = 0xcc0, PCMR = 0xcc1;

bool counts(const Core &core, unsigned event) {
    return core.counting && core.enabled >> event & 1;
}

uint64_t value(const Core &core, unsigned event) {
    return counts(core, event) ? core.count[event] - core.base[event] : core.frozen[event];
}

void set(Core &core, unsigned event, uint64_t to) {
    core.frozen[event] = to;
    core.base[event] = core.count[event] - to;
}

/* What stands still keeps its value, and what goes on does so from it. */
void change(Core &core, bool counting, uint32_t enabled) {
    for (unsigned i = 0; i < EVENTS; i++) {
        set(core, i, value(core, i));
    }
    core.counting = counting;
    core.enabled = enabled;
}

class Register : public csr_t {
  public:
    Register(processor_t *hart, reg_t address) : csr_t(hart, address) {}

    /* The chip's registers stand where standard ones would be read-only. */
    void verify_permissions(insn_t, bool) const override {}

    reg_t read() const noexcept override {
        const Core &core = core_of(proc);
        if (address >= PCCR && address < PCCR + EVENTS) {
            return (uint32_t)value(core, (unsigned)(address - PCCR));
        }
        return address == PCER ? core.enabled : address == PCMR ? core.counting : 0;
    }

  protected:
    bool unlogged_write(const reg_t to) noexcept override {
        Core &core = core_of(proc);
        if (address >= PCCR && address < PCCR + EVENTS) {
            set(core, (unsigned)(address - PCCR), (uint32_t)to);
        } else if (address == ALL) {
            for (unsigned i = 0; i < EVENTS; i++) {
                set(core, i, (uint32_t)to);
            }
        } else if (address == PCER) {
            change(core, core.counting, (uint32_t)to & 0x7fffffff);
        } else if (address == PCMR) {
            change(core, to & 1, core.enabled);
        }
        return true;
    }
};

/* csrw of a register that stands among the read-only ones, which Spike's own csrw refuses. */
template <bool IMMEDIATE> reg_t write_mode(processor_t *p, insn_t insn, reg_t pc) {
    csr_t_p target = p->state.csrmap.at((reg_t)insn.csr());
    uint32_t before = (uint32_t)target->read();
    target->write(IMMEDIATE ? (uint32_t)insn.rs1() : x(p, insn.rs1()));
    set_x(p, insn.rd(), before);
    return pc + 4;
}

} // namespace

std::vector<insn_desc_t> counter_instructions() {
    constexpr uint32_t MASK = 0xfff0707f;
    std::vector<insn_desc_t> all;
    for (reg_t address : {PCER, PCMR}) {
        uint32_t match = (uint32_t)address << 20 | 0x73;
        all.push_back(instruction(match | 1u << 12, MASK, write_mode<false>));
        all.push_back(instruction(match | 5u << 12, MASK, write_mode<true>));
    }
    return all;
}

std::vector<csr_t_p> counters(processor_t &hart) {
    std::vector<csr_t_p> all;
    for (reg_t i = 0; i < EVENTS; i++) {
        all.push_back(std::make_shared<Register>(&hart, PCCR + i));
    }
    for (reg_t address : {ALL, PCER, PCMR}) {
        all.push_back(std::make_shared<Register>(&hart, address));
    }
    return all;
}

} // namespace odl
