/*
 * The cluster's peripherals at 0x10200000: boot addresses and fetch enable, the event unit's
 * registers, and the DMA (MCHAN 7) between L1 and L2. A transfer moves its bytes when it is
 * complete, so that a program that does not wait for it computes with what was there before.
 */
#include "cluster.h"

namespace odl {
namespace {

constexpr reg_t BASE = 0x10200000, SIZE = 0x10000;
constexpr reg_t FETCH_ENABLE = 0x8, BOOT = 0x40, DMA_COMMAND = 0x4400, DMA_STATUS = 0x4404;
constexpr uint64_t SETUP = 30, ROW = 2, BYTES_PER_CYCLE = 8;
constexpr unsigned COUNTERS = 16;

struct Transfer {
    bool to_l1, strided;
    uint32_t counter, bytes, l1, l2, row, stride;
    uint64_t done;
};

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
        if (at == DMA_COMMAND) {
            value = allocate();
        } else if (at == DMA_STATUS) {
            finish(now());
            value = pending();
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
        if (at == FETCH_ENABLE) {
            start_cores(value & ~before);
        } else if (at == DMA_COMMAND) {
            command(value);
        } else if (at == DMA_STATUS) {
            allocated &= ~value;
        }
        return true;
    }

  private:
    static uint64_t now() {
        return cluster.current ? cluster.current->now : 0;
    }

    void start_cores(uint32_t which) {
        for (Core &core : cluster.core) {
            if (which >> core.id & 1 && core.hart) {
                core.hart->state.pc = words[BOOT / 4 + core.id];
                wake(core);
            }
        }
    }

    uint32_t allocate() {
        for (uint32_t i = 0; i < COUNTERS; i++) {
            if (!(allocated >> i & 1)) {
                allocated |= 1u << i;
                last = i;
                return i;
            }
        }
        return COUNTERS; /* the program forgot to free them */
    }

    /* A command is 3 words, or 5 where rows in L2 have a distance: bytes a row, and that. */
    void command(uint32_t word) {
        queue.push_back(word);
        bool strided = queue[0] >> 19 & 1;
        if (queue.size() < (strided ? 5u : 3u)) {
            return;
        }
        Transfer t = {(queue[0] >> 17 & 1) != 0,
                      strided,
                      last,
                      queue[0] & 0x1ffff,
                      queue[1],
                      queue[2],
                      strided ? queue[3] : 0,
                      strided ? queue[4] : 0,
                      0};
        t.row = t.strided && t.row ? t.row : t.bytes;
        uint64_t rows = t.row ? (t.bytes + t.row - 1) / t.row : 0;
        uint64_t start = std::max(now() + SETUP, free);
        free = start + rows * (ROW + (t.row + BYTES_PER_CYCLE - 1) / BYTES_PER_CYCLE);
        t.done = free;
        transfers.push_back(t);
        queue.clear();
    }

    void finish(uint64_t until) {
        while (!transfers.empty() && transfers.front().done <= until) {
            move(transfers.front());
            transfers.pop_front();
        }
    }

    /* Up to `bytes` of a row, as many as lie in one page of both: memory is kept by pages. */
    static uint32_t move_part(const Transfer &t, uint32_t l1, uint32_t l2, uint32_t bytes) {
        simif_t *machine = cluster.current->hart->sim;
        char *near = machine->addr_to_mem(l1), *far = machine->addr_to_mem(l2);
        if (!near || !far) {
            fprintf(stderr, "DMA: no memory at %08x or %08x\n", l1, l2);
            exit(1);
        }
        bytes =
            std::min({bytes, (uint32_t)(PGSIZE - l1 % PGSIZE), (uint32_t)(PGSIZE - l2 % PGSIZE)});
        memcpy(t.to_l1 ? near : far, t.to_l1 ? far : near, bytes);
        return bytes;
    }

    void move(const Transfer &t) {
        for (uint32_t at = 0, row = 0; at < t.bytes; at += t.row, row++) {
            const uint32_t far = t.strided ? t.l2 + row * t.stride : t.l2 + at;
            const uint32_t bytes = std::min(t.row, t.bytes - at);
            for (uint32_t done = 0; done < bytes;) {
                done += move_part(t, t.l1 + at + done, far + done, bytes - done);
            }
        }
    }

    uint32_t pending() const {
        uint32_t bits = 0;
        for (const Transfer &t : transfers) {
            bits |= 1u << t.counter;
        }
        return bits;
    }

    uint32_t words[SIZE / 4] = {};
    std::vector<uint32_t> queue;
    std::deque<Transfer> transfers;
    uint32_t allocated = 0, last = 0;
    uint64_t free = 0;
};

} // namespace

class cluster_peripherals_t : public Peripherals {};

static cluster_peripherals_t *make(const void *, const sim_t *, reg_t *base,
                                   const std::vector<std::string> &) {
    *base = BASE;
    return new cluster_peripherals_t();
}

static std::string tree(const sim_t *, const std::vector<std::string> &) {
    return "";
}

REGISTER_DEVICE(cluster_peripherals, make, tree)

} // namespace odl
