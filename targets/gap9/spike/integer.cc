/* Hardware loops, multiply-accumulate, branches on an immediate, and shuffles of 16-bit lanes. */
#include "cluster.h"

namespace odl {
namespace {

uint32_t immediate(insn_t insn) {
    return (uint32_t)insn.bits() >> 20;
}

Loop &loop_of(processor_t *p, insn_t insn) {
    return core_of(p).loop[insn.rd() & 1];
}

/* The end of a loop is the address of the last instruction of its body. */
reg_t loop_start(processor_t *p, insn_t insn, reg_t pc) {
    loop_of(p, insn).start = (uint32_t)pc + 2 * immediate(insn);
    return pc + 4;
}

reg_t loop_end(processor_t *p, insn_t insn, reg_t pc) {
    loop_of(p, insn).end = (uint32_t)pc + 2 * immediate(insn);
    return pc + 4;
}

reg_t loop_count(processor_t *p, insn_t insn, reg_t pc) {
    loop_of(p, insn).count = x(p, insn.rs1());
    return pc + 4;
}

reg_t loop_count_immediate(processor_t *p, insn_t insn, reg_t pc) {
    loop_of(p, insn).count = immediate(insn);
    return pc + 4;
}

reg_t loop_setup(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t end = (uint32_t)pc + 2 * immediate(insn);
    loop_of(p, insn) = {(uint32_t)pc + 4, end, x(p, insn.rs1())};
    return pc + 4;
}

reg_t loop_setup_immediate(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t end = (uint32_t)pc + 2 * (uint32_t)insn.rs1();
    loop_of(p, insn) = {(uint32_t)pc + 4, end, immediate(insn)};
    return pc + 4;
}

template <bool MINUS> reg_t mac(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t product = x(p, insn.rs1()) * x(p, insn.rs2()), d = x(p, insn.rd());
    set_x(p, insn.rd(), MINUS ? d - product : d + product);
    return pc + 4;
}

/* Into so many bits, signed, as a five-bit number says; 0 is clipped as 1 is. */
reg_t clip(processor_t *p, insn_t insn, reg_t pc) {
    int32_t v = (int32_t)x(p, insn.rs1());
    int32_t most = insn.rs2() ? (int32_t)((1u << (insn.rs2() - 1)) - 1) : 0;
    set_x(p, insn.rd(), (uint32_t)std::clamp(v, -most - 1, most));
    return pc + 4;
}

/* Bits of rs1 from the second number on, one more than the first, sign-extended. */
reg_t extract(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t from = (uint32_t)insn.rs2(), width = ((uint32_t)insn.bits() >> 25 & 31) + 1;
    uint32_t top = std::min(from + width, 32u);
    set_x(p, insn.rd(), (uint32_t)((int32_t)(x(p, insn.rs1()) << (32 - top)) >> (32 - top + from)));
    return pc + 4;
}

template <bool EQUAL> reg_t branch_immediate(processor_t *p, insn_t insn, reg_t pc) {
    int32_t value = (int32_t)(insn.rs2() ^ 16) - 16; /* five bits, signed */
    bool taken = ((int32_t)x(p, insn.rs1()) == value) == EQUAL;
    return taken ? (reg_t)(sreg_t)(int32_t)(pc + insn.sb_imm()) : pc + 4;
}

reg_t pack(processor_t *p, insn_t insn, reg_t pc) {
    set_x(p, insn.rd(), x(p, insn.rs1()) << 16 | (x(p, insn.rs2()) & 0xffff));
    return pc + 4;
}

uint32_t half(uint32_t v, uint32_t high) {
    return high & 1 ? v >> 16 : v & 0xffff;
}

reg_t shuffle(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t a = x(p, insn.rs1()), which = x(p, insn.rs2());
    set_x(p, insn.rd(), half(a, which) | half(a, which >> 16) << 16);
    return pc + 4;
}

/* The immediate's lowest bit stands in bit 25, the others in the place of rs2. */
reg_t shuffle_immediate(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t a = x(p, insn.rs1());
    set_x(p, insn.rd(), half(a, (uint32_t)insn.bits() >> 25) | half(a, (uint32_t)insn.rs2()) << 16);
    return pc + 4;
}

/* Bit 1 of each half of rs2 chooses rs1 or the old rd, bit 0 the half of it. */
reg_t shuffle_two(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t a = x(p, insn.rs1()), d = x(p, insn.rd()), which = x(p, insn.rs2());
    uint32_t low = half(which & 2 ? a : d, which);
    uint32_t high = half(which >> 16 & 2 ? a : d, which >> 16);
    set_x(p, insn.rd(), low | high << 16);
    return pc + 4;
}

reg_t dot_signed(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t a = x(p, insn.rs1()), b = x(p, insn.rs2()), sum = x(p, insn.rd());
    sum += (uint32_t)((int16_t)a * (int16_t)b);
    sum += (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16));
    set_x(p, insn.rd(), sum);
    return pc + 4;
}

constexpr uint32_t I_TYPE = 0x707f, R_TYPE = 0xfe00707f, LANES = 0xfc00707f;
constexpr uint32_t BITS = 0xc000707f;

uint32_t lanes(uint32_t funct6, uint32_t funct3) {
    return funct6 << 26 | funct3 << 12 | 0x57;
}

} // namespace

std::vector<insn_desc_t> integer_instructions() {
    constexpr uint32_t LOOP = I_TYPE | 0xf00; /* bits 11:8 are 0, bit 7 is the loop */
    return {
        instruction(0u << 12 | 0x7b, LOOP, loop_start),
        instruction(1u << 12 | 0x7b, LOOP, loop_end),
        instruction(2u << 12 | 0x7b, LOOP, loop_count),
        instruction(3u << 12 | 0x7b, LOOP, loop_count_immediate),
        instruction(4u << 12 | 0x7b, LOOP, loop_setup),
        instruction(5u << 12 | 0x7b, LOOP, loop_setup_immediate),
        instruction(0x21u << 25 | 0u << 12 | 0x33, R_TYPE, mac<false>),
        instruction(0x21u << 25 | 1u << 12 | 0x33, R_TYPE, mac<true>),
        instruction(0x0au << 25 | 1u << 12 | 0x33, R_TYPE, clip),
        instruction(0xc0000033, BITS, extract),
        instruction(2u << 12 | 0x63, I_TYPE, branch_immediate<true>),
        instruction(3u << 12 | 0x63, I_TYPE, branch_immediate<false>),
        instruction(0x68u << 25 | 0x57, R_TYPE, pack),
        instruction(lanes(0x30, 0), LANES, shuffle),
        instruction(lanes(0x30, 6), LANES, shuffle_immediate),
        instruction(lanes(0x32, 0), LANES, shuffle_two),
        instruction(lanes(0x2e, 0), LANES, dot_signed),
    };
}

} // namespace odl
