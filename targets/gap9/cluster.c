/* What the platform of a PULP chip does through its registers. */
#include "cluster.h"

#include "odl/platform.h"
#include "riscv.h"

extern char _start[];

/* Core 0 sets up the barrier before it starts the others. */
void odl_platform_start(void) {
    ODL_ICACHE_ENABLE = 0xffffffff;
    for (uint32_t i = 0; i < ODL_CORES; i++) {
        ODL_BOOT_ADDRESS(i) = (uint32_t)(uintptr_t)_start;
    }
    ODL_FETCH_ENABLE = 1;
}

uint64_t odl_platform_count(void) {
    return ODL_CSR(0x780);
}
