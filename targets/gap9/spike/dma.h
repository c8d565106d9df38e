/* The cluster's DMA, MCHAN 7: what its two registers do. */
#ifndef ODL_SPIKE_DMA_H
#define ODL_SPIKE_DMA_H

#include "cluster.h"

namespace odl {

class Dma {
  public:
    /* Take a word of a command from a core, or leave it: the core must then write it again. */
    bool command(const Core &core, uint32_t word);

    /* A free counter for the core's next commands, or none: the core must then read again. */
    std::optional<uint32_t> allocate(const Core &core);

    void release(uint32_t counters);

    /* Counters with transfers under way, and above them those that are allocated. */
    uint32_t status(uint64_t now);

  private:
    struct Transfer {
        bool to_l1;
        uint32_t counter, bytes, l1, l2, row, stride;
        uint64_t begun; /* when it has left the queue */
    };

    /* Each core has its own queue, so that commands of several do not mix. */
    struct Channel {
        std::vector<uint32_t> words;
        uint32_t counter = 0;
    };

    static constexpr unsigned REQUESTS = 8; /* to L2 under way at once */

    uint64_t load(Transfer &t, uint64_t now);
    uint64_t save(Transfer &t, uint64_t now);
    void move(const Transfer &t) const;

    Channel channels[CORES + 1];
    std::multimap<uint64_t, Transfer> transfers; /* by the cycle in which they are complete */
    uint32_t allocated = 0;
    uint64_t requested = 0, answered[REQUESTS] = {}, written = 0; /* of loads */
    unsigned turn = 0;
    uint64_t idle = 0; /* of saves: when the next burst may be read */
};

} // namespace odl
#endif
