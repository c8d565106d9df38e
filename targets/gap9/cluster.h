/* Addresses of a PULP cluster, as pulp-open and GAP9-class chips have them. */
#ifndef ODL_CLUSTER_H
#define ODL_CLUSTER_H

#include <stdint.h>

#define ODL_REGISTER(address) (*(volatile uint32_t *)(address))

#define ODL_FETCH_ENABLE ODL_REGISTER(0x10200008)
#define ODL_BOOT_ADDRESS(core) ODL_REGISTER(0x10200040 + 4 * (core))
#define ODL_ICACHE_ENABLE ODL_REGISTER(0x10201400)

/* The event unit, as a cluster core sees it: its event mask, and hardware barrier 0. */
#define ODL_EVENT_MASK_OR ODL_REGISTER(0x10204008)
#define ODL_BARRIER_EVENT (1u << 16)
#define ODL_BARRIER_CORES ODL_REGISTER(0x10204200)
#define ODL_BARRIER_WAKES ODL_REGISTER(0x1020420c)

/* The cluster's DMA (MCHAN 7): reading COMMAND allocates a counter, writing STATUS frees it. */
#define ODL_DMA_COMMAND ODL_REGISTER(0x10204400)
#define ODL_DMA_STATUS ODL_REGISTER(0x10204404)
#define ODL_DMA_TO_L1 (1u << 17)
#define ODL_DMA_INCREMENT (1u << 18)
#define ODL_DMA_ROWS (1u << 19)

/* This core's performance counters: of which events, and all to 0. */
#define ODL_COUNT_EVENTS(mask) __asm__ volatile("csrw 0xcc0, %0" ::"r"(mask))
#define ODL_COUNT_FROM_ZERO() __asm__ volatile("csrw 0x79f, zero")

/* Sleep until all cores of the cluster have come here: trigger, wait and clear in one load. */
static inline void odl_cluster_barrier(void) {
    uint32_t event;
    __asm__ volatile(".insn i 0x03, 6, %0, %1, 0x1c" : "=r"(event) : "r"(0x10204200) : "memory");
}

/*
 * The same, then count or not. Both stand in one line of the instruction cache: what fetching the
 * second one took would be among the cycles, but not among the events.
 */
static inline void odl_cluster_barrier_to_count(int on) {
    uint32_t event;
    __asm__ volatile(".balign 16\n.insn i 0x03, 6, %0, %1, 0x1c\ncsrw 0xcc1, %2\n"
                     : "=&r"(event)
                     : "r"(0x10204200), "r"(on)
                     : "memory");
}

#endif
