/* The extension xodlpulp of Spike: Xpulpv2 and packed half precision, on a timed cluster. */
#include "cluster.h"

namespace odl {
namespace {

class Pulp : public extension_t {
  public:
    const char *name() const override {
        return "odlpulp";
    }

    std::vector<insn_desc_t> get_instructions(const processor_t &) override {
        std::vector<insn_desc_t> all;
        for (auto part : {half_instructions(), brain_instructions(), memory_instructions(),
                          integer_instructions(), counter_instructions()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }

    std::vector<disasm_insn_t *> get_disasms(const processor_t *) override {
        return {};
    }

    std::vector<csr_t_p> get_csrs(processor_t &hart) const override {
        return counters(hart);
    }

    /* The cluster's cores sleep until the controller enables their fetch. */
    void reset(processor_t &hart) override {
        Core &core = core_of(&hart);
        if (core.hart) {
            return;
        }
        core.hart = &hart;
        core.controller = hart.get_id() >> 5 == CONTROLLER;
        core.id = hart.get_id() % 32 % CORES;
        if (!core.controller) {
            sleep(core);
        }
        time_instructions(hart);
    }
};

struct Registration {
    Registration() {
        register_extension("odlpulp", [] { return new Pulp(); });
    }
} registration;

} // namespace
} // namespace odl
