/*
 * The cluster's instruction caches as pulp-open configures them (gvsoc-pulp, cluster.json): each
 * core has 512 bytes, all share two banks of 2 KB before L2; lines of 16 bytes, 4 ways, replaced by
 * the caches' shift register. A core holds one line ready and asks for the next when it leaves it.
 */
#include "cluster.h"

namespace odl {
namespace {

constexpr uint32_t WAYS = 4, SETS = 8, SHARED_SETS = 32, BANKS = 2;
constexpr uint64_t REFILL = 2; /* of either level, besides what the next one takes */

/* Tags are addresses in lines, plus one: 0 is an empty way. */
template <uint32_t N> struct Cache {
    uint32_t tag[N][WAYS] = {};
    uint64_t filled[N][WAYS] = {}; /* the cycle from which the line is there */
    uint8_t shift = 0;

    /* The way of a line, or WAYS. */
    uint32_t find(uint32_t set, uint32_t line) const {
        uint32_t way = 0;
        while (way < WAYS && tag[set][way] != line + 1) {
            way++;
        }
        return way;
    }

    uint32_t replace(uint32_t set, uint32_t line) {
        uint32_t bit = ~(shift >> 7 ^ shift >> 3 ^ shift >> 2 ^ shift >> 1) & 1;
        shift = (uint8_t)(shift << 1 | bit);
        uint32_t way = shift >> 1 & (WAYS - 1);
        tag[set][way] = line + 1;
        return way;
    }
};

Cache<SETS> own[CORES];
Cache<SHARED_SETS> shared[BANKS];
uint64_t refilling[BANKS]; /* until then; a bank refills one line at a time */

/* Cycles that the shared cache takes beyond a hit. */
uint64_t wait_for_shared(uint32_t line, uint64_t now) {
    uint32_t bank = line % BANKS, set = line / BANKS % SHARED_SETS;
    Cache<SHARED_SETS> &cache = shared[bank];
    uint32_t way = cache.find(set, line);
    if (way == WAYS) {
        way = cache.replace(set, line);
        refilling[bank] = std::max(refilling[bank], now) + EXTERNAL + REFILL;
        cache.filled[set][way] = refilling[bank];
    }
    uint64_t filled = cache.filled[set][way];
    return filled > now ? filled - now : 0;
}

uint64_t fill(Core &core, uint32_t line) {
    core.line = line;
    Cache<SETS> &cache = own[core.id];
    if (cache.find(line % SETS, line) < WAYS) {
        return 0;
    }
    cache.replace(line % SETS, line);
    return wait_for_shared(line, core.now) + REFILL;
}

} // namespace

uint64_t fetch(Core &core, uint32_t pc) {
    constexpr uint32_t LINE = 16, LONGEST = 4;
    uint64_t cycles = pc / LINE == core.line ? 0 : fill(core, pc / LINE);
    if (pc % LINE + LONGEST > LINE) { /* two halves are fetched even where one is the instruction */
        cycles += fill(core, pc / LINE + 1);
    }
    return cycles;
}

} // namespace odl
