/* What Spike and QEMU virt have in common: machine-mode CSRs and the core-local interruptor. */
#ifndef ODL_RISCV_H
#define ODL_RISCV_H

#include <stdint.h>

#define ODL_CSR(name)                                                                              \
    ({                                                                                             \
        uint32_t value_;                                                                           \
        __asm__ volatile("csrr %0, " #name : "=r"(value_)::"memory");                              \
        value_;                                                                                    \
    })

/* CLINT: one software-interrupt word for each hart. */
#define ODL_MSIP ((volatile uint32_t *)0x02000000)

extern volatile uint32_t odl_gate;

/* Where start.S goes with the harts other than 0, and with traps. */
void odl_platform_enter(uint32_t hart);
_Noreturn void odl_platform_trap(uint32_t cause, uint32_t pc, uint32_t value);

#endif
