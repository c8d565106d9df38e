# Start-up of RV32 harts in machine mode: stacks, .bss, then main or the team.
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la   gp, __global_pointer$
    .option pop
    li   t0, 0x6600             # mstatus.FS, VS = dirty: floating point and vectors on, where
                                # the hart has them; without vectors VS reads as 0
    csrs mstatus, t0
    la   t0, odl_trap_entry
    csrw mtvec, t0
    li   t0, 8                  # mie.MSIE: a software interrupt ends wfi; mstatus.MIE stays 0
    csrw mie, t0
    csrr a0, mhartid
    li   t0, ODL_CORES
    bgeu a0, t0, park
    la   sp, stacks_end         # hart i owns the i-th stack from the top
    li   t0, ODL_STACK_BYTES
    mul  t0, t0, a0
    sub  sp, sp, t0
    bnez a0, secondary

    la   t0, __bss_start
    la   t1, __bss_end
1:  bgeu t0, t1, 2f
    sw   zero, 0(t0)
    addi t0, t0, 4
    j    1b
2:  call main
park:
    wfi
    j    park

secondary:                      # until odl_platform_start opens the gate
    la   t0, odl_gate
1:  wfi
    lw   t1, 0(t0)
    beqz t1, 1b
    fence rw, rw
    call odl_platform_enter
    j    park

    .balign 4
odl_trap_entry:
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call odl_platform_trap
1:  j    1b

    .section .data
    .balign 4
    .globl odl_gate
odl_gate:
    .word 0

    .section .bss
    .balign 16
stacks:
    .space ODL_CORES * ODL_STACK_BYTES
stacks_end:
