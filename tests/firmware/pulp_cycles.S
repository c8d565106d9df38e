# Kernels whose cycles are known: each returns how many it took. Interrupts are off, L1 is `data`.
    .option norvc
    .text

# Cycles between two reads of the counter, the first of which takes one.
.macro KERNEL name
    .balign 16
    .globl \name
\name:
    la   a2, data
    mv   a1, zero
    mv   a3, zero
    csrr t0, 0x780
.endm

.macro END
    csrr t1, 0x780
    sub  a0, t1, t0
    addi a0, a0, -1
    ret
.endm

# Repeat the next instructions, `halves` / 2 of them, `count` times.
.macro LOOP count, halves
    .insn i 0x7b, 5, x0, x\halves, \count
.endm

KERNEL nothing
END

KERNEL load_use
    lw   a1, 0(a2)
    addi a1, a1, 1
END

KERNEL load_other
    lw   a1, 0(a2)
    addi a3, a3, 1
    addi a1, a1, 1
END

KERNEL product_chain
    mul  a1, a1, a1
    mul  a1, a1, a1
    mul  a1, a1, a1
    addi a1, a1, 1
END

KERNEL product_other
    mul  a1, a1, a1
    addi a3, a3, 1
END

KERNEL high_product
    mulh a1, a1, a1
    addi a3, a3, 1
END

KERNEL quotient_of_zero
    li   a3, 7
    div  a1, a1, a3
END

KERNEL quotient
    li   a1, 100
    li   a3, 7
    divu a1, a1, a3
END

KERNEL taken_branch
    beq  zero, zero, 1f
    nop
1:
END

KERNEL other_branch
    bne  zero, zero, 1f
1:  nop
END

KERNEL jump
    j    1f
    nop
1:
END

KERNEL call
    mv   a4, ra
    jal  ra, 1f
    j    2f
1:  ret
2:  mv   ra, a4
END

KERNEL loop_of_nops
    LOOP 100, 16
    .rept 8
    nop
    .endr
END

KERNEL nested_loops
    li   a3, 10
    .insn i 0x7b, 4, x1, a3, 2 * 4
    LOOP 10, 4
    nop
    nop
    nop
END

KERNEL single_quotient
    fdiv.s a1, a1, a3
END

KERNEL single_root
    fsqrt.s a1, a1
END

KERNEL half_quotient
    fdiv.h a1, a1, a3
END

KERNEL half_root
    fsqrt.h a1, a1
END

KERNEL packed_quotient
    .insn r 0x33, 2, 0x44, a1, a1, a3
END

KERNEL sums
    LOOP 64, 4
    fadd.s a1, a1, a3
    fadd.s a1, a1, a3
END

KERNEL sums_between_others
    LOOP 64, 4
    fadd.s a1, a1, a3
    nop
END

KERNEL choices
    LOOP 64, 4
    feq.s a1, a1, a3
    flt.s a1, a1, a3
END

KERNEL barrier
    li   a3, 0x10204200
    .insn i 0x03, 6, a1, a3, 0x1c
END

# Core i comes 16 i cycles later than it would.
KERNEL late_barrier
    csrr a1, mhartid
    beqz a1, 1f
    .insn i 0x7b, 4, x0, a1, 2 * 16
    .rept 16
    nop
    .endr
1:  li   a3, 0x10204200
    .insn i 0x03, 6, a1, a3, 0x1c
END

KERNEL far_load
    la   a3, far
    lw   a1, 0(a3)
END

KERNEL far_store
    la   a3, far
    sw   a1, 0(a3)
END

KERNEL one_bank
    LOOP 16, 4
    lw   a1, 0(a2)
    nop
END

KERNEL one_bank_always
    LOOP 16, 4
    lw   a1, 0(a2)
    lw   a1, 64(a2)
END

# Core i takes bank i.
KERNEL own_banks
    csrr a3, mhartid
    slli a3, a3, 2
    add  a2, a2, a3
    LOOP 16, 4
    lw   a1, 0(a2)
    lw   a1, 64(a2)
END

KERNEL far_misaligned
    la   a3, far
    lw   a1, 2(a3)
END

# p.beqimm compares with 11, which is not register a1.
KERNEL numbers_are_not_registers
    lw   a1, 0(a2)
    .insn 0x00b6a463
    nop
END

KERNEL misaligned_word
    lw   a1, 2(a2)
END

KERNEL misaligned_half
    lh   a1, 3(a2)
END

KERNEL half_inside_a_word
    lh   a1, 1(a2)
END

# A core's cache takes 32 lines: these 14 with what calls them, not 68; each is gone through twice.
KERNEL inside_the_cache
    li   a3, 2
1:  .rept 48
    nop
    .endr
    addi a3, a3, -1
    bnez a3, 1b
END

KERNEL beyond_the_cache
    li   a3, 2
1:  .rept 264
    nop
    .endr
    addi a3, a3, -1
    bnez a3, 1b
END

# Transfers: begin one and ask every six cycles whether it is complete.
.macro TRANSFER name, command, row, distance
KERNEL \name
    li   a3, 0x10204400
    la   a4, far
    lw   a5, 0(a3)
    li   a1, \command
    sw   a1, 0(a3)
    sw   a2, 0(a3)
    sw   a4, 0(a3)
    .if \row
    li   a1, \row
    sw   a1, 0(a3)
    li   a1, \distance
    sw   a1, 0(a3)
    .endif
    li   a4, 1
    sll  a4, a4, a5
    csrr t0, 0x780
1:  lw   a1, 4(a3)
    and  a1, a1, a4
    bnez a1, 1b
    csrr t1, 0x780
    sw   a4, 4(a3)
    sub  a0, t1, t0
    ret
.endm

    TRANSFER load_4, 0x60004, 0, 0
    TRANSFER load_1024, 0x60400, 0, 0
    TRANSFER load_8192, 0x62000, 0, 0
    TRANSFER load_rows, 0xe0400, 64, 256
    TRANSFER load_words, 0xe0100, 4, 64
    TRANSFER save_4, 0x40004, 0, 0
    TRANSFER save_1024, 0x40400, 0, 0
    TRANSFER save_8192, 0x42000, 0, 0
    TRANSFER save_rows, 0xc0400, 64, 256

    .section .l1, "aw", @nobits
    .balign 64
data:
    .space 8192

    .bss
    .balign 64
far:
    .space 8192
