/*
 * Transfers between L1 and L2, timed as GVSoC's MCHAN (gvsoc-pulp, mchan_v7_impl.cpp) on routers of
 * unlimited bandwidth. Rows are cut into bursts of 256 bytes; each direction has two ports of a
 * word to L1. A transfer moves its bytes when it is complete, so that a program that does not wait
 * for it computes with what was there before.
 */
#include "dma.h"

namespace odl {
namespace {

constexpr uint32_t BURST = 256, PORTS = 2, COUNTERS = 16;
constexpr uint64_t DECODE = 2; /* cycles from a command's last word to its first burst */
constexpr unsigned QUEUE = 10; /* commands of a direction that wait: 2 of a core, 8 of all */

uint32_t words_of(uint32_t address, uint32_t bytes) {
    return ((address & 3) + bytes + 3) / 4;
}

/* Call f(address in L1, bytes) for each burst. */
template <typename F> void for_bursts(uint32_t l1, uint32_t bytes, uint32_t row, F f) {
    for (uint32_t at = 0; at < bytes;) {
        uint32_t size = std::min({BURST, row - at % row, bytes - at});
        f(l1 + at, size);
        at += size;
    }
}

} // namespace

/* Bursts are asked for in every cycle, eight at most under way, and written in their order. */
uint64_t Dma::load(Transfer &t, uint64_t now) {
    requested = std::max(requested, now + DECODE - 1);
    uint64_t done = now + DECODE;
    for_bursts(t.l1, t.bytes, t.row, [&](uint32_t l1, uint32_t bytes) {
        requested = std::max(requested, answered[turn]) + 1;
        uint64_t first = std::max((requested + EXTERNAL + 1) * PORTS, written);
        written = first + words_of(l1, bytes);
        done = (written - 1) / PORTS;
        answered[turn] = done;
        turn = (turn + 1) % REQUESTS;
    });
    t.begun = requested;
    return done;
}

/* A burst is read from L1 and sent before the next is begun. */
uint64_t Dma::save(Transfer &t, uint64_t now) {
    idle = std::max(idle, now + DECODE);
    for_bursts(t.l1, t.bytes, t.row, [&](uint32_t l1, uint32_t bytes) {
        t.begun = idle;
        idle += (words_of(l1, bytes) + PORTS - 1) / PORTS + 1;
    });
    return idle - 1 + EXTERNAL;
}

/* A command is 3 words, or 5 where rows in L2 have a distance: bytes a row, and that. */
bool Dma::command(const Core &core, uint32_t word) {
    Channel &channel = channels[core.controller ? CORES : core.id];
    std::vector<uint32_t> &w = channel.words;
    const uint32_t head = w.empty() ? word : w[0];
    const bool strided = head >> 19 & 1, to_l1 = head >> 17 & 1;
    if (w.size() + 1 < (strided ? 5u : 3u)) {
        w.push_back(word);
        return true;
    }
    const auto waits = std::count_if(transfers.begin(), transfers.end(), [&](const auto &t) {
        return t.second.to_l1 == to_l1 && t.second.begun > core.now;
    });
    if (waits >= QUEUE) {
        return false;
    }
    w.push_back(word);
    const uint32_t bytes = w[0] & 0x1ffff;
    Transfer t = {to_l1, channel.counter, bytes, w[1], w[2], bytes, bytes, core.now};
    if (strided) {
        t.row = w[3] ? w[3] : bytes;
        t.stride = w[4];
    }
    w.clear();
    transfers.emplace(to_l1 ? load(t, core.now) : save(t, core.now), t);
    return true;
}

std::optional<uint32_t> Dma::allocate(const Core &core) {
    for (uint32_t i = 0; i < COUNTERS; i++) {
        if (!(allocated >> i & 1)) {
            allocated |= 1u << i;
            return channels[core.controller ? CORES : core.id].counter = i;
        }
    }
    return {};
}

void Dma::release(uint32_t counters) {
    allocated &= ~counters;
}

uint32_t Dma::status(uint64_t now) {
    while (!transfers.empty() && transfers.begin()->first <= now) {
        move(transfers.begin()->second);
        transfers.erase(transfers.begin());
    }
    uint32_t busy = 0;
    for (const auto &[done, transfer] : transfers) {
        busy |= 1u << transfer.counter;
    }
    return busy | allocated << COUNTERS;
}

void Dma::move(const Transfer &t) const {
    constexpr uint32_t PAGE = 4096; /* Spike's memory is whole in pages only */
    simif_t *machine = cluster.current->hart->sim;
    for (uint32_t at = 0; at < t.bytes;) {
        const uint32_t near = t.l1 + at, far = t.l2 + at / t.row * t.stride + at % t.row;
        const uint32_t size =
            std::min({t.row - at % t.row, t.bytes - at, PAGE - near % PAGE, PAGE - far % PAGE});
        char *l1 = machine->addr_to_mem(near), *l2 = machine->addr_to_mem(far);
        if (!l1 || !l2) {
            fprintf(stderr, "DMA: no memory at %08x or %08x\n", near, far);
            exit(1);
        }
        memcpy(t.to_l1 ? l1 : l2, t.to_l1 ? l2 : l1, size);
        at += size;
    }
}

} // namespace odl
