# Start-up of a PULP chip: the fabric controller runs main, a cluster core its part of the team.
    .globl __l1_bytes           # for the link script
    .set __l1_bytes, ODL_L1_BYTES

    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la   gp, __global_pointer$
    .option pop
    la   t0, trap
    csrw mtvec, t0
    csrr a0, mhartid            # cluster << 5 | core; the controller is cluster 31
    srli t0, a0, 5
    andi a0, a0, 31
    li   t1, 31
    bne  t0, t1, cluster

    la   sp, __controller_stack
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

cluster:                        # core i owns the i-th stack of L1
    la   sp, __cluster_stacks
    addi t0, a0, 1
    li   t1, ODL_STACK_BYTES
    mul  t0, t0, t1
    add  sp, sp, t0
    call odl_team_join
    j    park

    .balign 4
trap:
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call odl_platform_trap
1:  j    1b
