/* Harts that sleep in wfi and wake each other through the CLINT; the same on Spike and QEMU. */
#include "odl/platform.h"
#include "odl/team.h"
#include "riscv.h"

void odl_platform_start(void) {
    odl_gate = 1;
    __asm__ volatile("fence rw, rw" ::: "memory");
    for (uint32_t i = 1; i < ODL_CORES; i++) {
        odl_platform_signal(i);
    }
}

void odl_platform_enter(uint32_t hart) {
    odl_team_join(hart);
}

/* A signal that comes between the caller's check and wfi stays pending, so wfi falls through. */
void odl_platform_wait(uint32_t self) {
    __asm__ volatile("wfi" ::: "memory");
    ODL_MSIP[self] = 0;
    __asm__ volatile("fence rw, rw" ::: "memory");
}

void odl_platform_signal(uint32_t other) {
    __asm__ volatile("fence rw, rw" ::: "memory");
    ODL_MSIP[other] = 1;
}

uint64_t odl_platform_count(void) {
    uint32_t high, low, again;
    do {
        high = ODL_CSR(minstreth);
        low = ODL_CSR(minstret);
        again = ODL_CSR(minstreth);
    } while (high != again);
    return (uint64_t)high << 32 | low;
}
