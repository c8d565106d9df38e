/*
 * Sleep at the event unit's hardware barriers. Cores go on ten cycles after the last one's p.elw
 * begins: two until it answers, six until they are awake (gvsoc-pulp, eu_v3_impl.cpp), and the
 * load's own.
 */
#include "cluster.h"

namespace odl {

constexpr uint64_t BARRIER = 9;

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
    uint64_t last = 0; /* who comes last in turn need not be the last in time: it may fetch less */
    for (const Core &c : cluster.core) {
        last = arrived[number] >> c.id & 1 && c.hart ? std::max(last, c.now) : last;
    }
    const uint64_t morning = last + BARRIER;
    for (Core &c : cluster.core) {
        if (arrived[number] >> c.id & 1 && c.hart) {
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

} // namespace odl
