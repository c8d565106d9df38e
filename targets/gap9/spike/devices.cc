/*
 * The cluster's peripherals at 0x10200000: boot addresses and fetch enable, the event unit's
 * registers, and those of the DMA.
 */
#include "dma.h"

namespace odl {
namespace {

constexpr reg_t BASE = 0x10200000, SIZE = 0x10000;
constexpr reg_t FETCH_ENABLE = 0x8, BOOT = 0x40, DMA_COMMAND = 0x4400, DMA_STATUS = 0x4404;

class Peripherals : public abstract_device_t {
  public:
    reg_t size() override {
        return SIZE;
    }

    bool load(reg_t at, size_t length, uint8_t *bytes) override {
        if (at + length > SIZE || length != 4) {
            return false;
        }
        uint32_t value = words[at / 4];
        Core *core = cluster.current;
        if (at == DMA_COMMAND && core) {
            std::optional<uint32_t> counter = dma.allocate(*core);
            core->again = !counter;
            value = counter.value_or(0);
        } else if (at == DMA_STATUS && core) {
            value = dma.status(core->now);
        }
        memcpy(bytes, &value, 4);
        return true;
    }

    bool store(reg_t at, size_t length, const uint8_t *bytes) override {
        uint32_t value;
        if (at + length > SIZE || length != 4) {
            return false;
        }
        memcpy(&value, bytes, 4);
        uint32_t before = words[at / 4];
        words[at / 4] = value;
        Core *core = cluster.current;
        if (at == FETCH_ENABLE) {
            start_cores(value & ~before, core ? core->now : 0);
        } else if (at == DMA_COMMAND && core) {
            core->again = !dma.command(*core, value);
        } else if (at == DMA_STATUS) {
            dma.release(value);
        }
        return true;
    }

  private:
    /* They begin when they are started. */
    void start_cores(uint32_t which, uint64_t now) {
        for (Core &core : cluster.core) {
            if (which >> core.id & 1 && core.hart) {
                core.hart->state.pc = words[BOOT / 4 + core.id];
                core.now = std::max(core.now, now);
                wake(core);
            }
        }
    }

    uint32_t words[SIZE / 4] = {};
    Dma dma;
};

} // namespace

class cluster_peripherals_t : public Peripherals {};

static cluster_peripherals_t *make(const void *, const sim_t *, reg_t *base,
                                   const std::vector<std::string> &options) {
    *base = BASE;
    cluster.bank_conflicts =
        std::find(options.begin(), options.end(), "bank_conflicts") != options.end();
    return new cluster_peripherals_t();
}

static std::string tree(const sim_t *, const std::vector<std::string> &) {
    return "";
}

REGISTER_DEVICE(cluster_peripherals, make, tree)

} // namespace odl
