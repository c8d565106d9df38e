/*
 * Scalar bfloat16 (Xf16alt): the words of scalar half precision with 101 in the place of the
 * rounding mode, which is then frm's. Results extend their sign, as Zhinx has it.
 */
#include "half.h"

namespace odl {
namespace {

float16_t operand(processor_t *p, uint64_t number) {
    return float16_t{(uint16_t)x(p, (unsigned)number)};
}

void set_result(processor_t *p, insn_t insn, float16_t value) {
    set_x(p, insn.rd(), (uint32_t)(int16_t)value.v);
}

using Binary = float16_t (*)(float16_t, float16_t);

template <Binary f> reg_t binary(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    set_result(p, insn, f(operand(p, insn.rs1()), operand(p, insn.rs2())));
    return pc + 4;
}

reg_t root(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    set_result(p, insn, Brain::root(operand(p, insn.rs1())));
    return pc + 4;
}

/* rd = (+ or -) rs1 * rs2 (+ or -) rs3 */
template <bool NEGATED, bool MINUS> reg_t fused(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    float16_t a = operand(p, insn.rs1()), c = operand(p, insn.rs3());
    a = NEGATED ? negated(a) : a;
    set_result(p, insn, Brain::fused(a, operand(p, insn.rs2()), MINUS ? negated(c) : c));
    return pc + 4;
}

/* rd = f(rs1), where f gives all 32 bits. */
using Unary = uint32_t (*)(float16_t);

template <Unary f> reg_t unary(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    set_x(p, insn.rd(), f(operand(p, insn.rs1())));
    return pc + 4;
}

using Choice = bool (*)(float16_t, float16_t);

template <Choice f> reg_t choice(processor_t *p, insn_t insn, reg_t pc) {
    set_x(p, insn.rd(), f(operand(p, insn.rs1()), operand(p, insn.rs2())));
    return pc + 4;
}

uint32_t to_signed(float16_t a) {
    return (uint32_t)f32_to_i32(Brain::wide(a), softfloat_roundingMode, true);
}

uint32_t to_unsigned(float16_t a) {
    return (uint32_t)f32_to_ui32(Brain::wide(a), softfloat_roundingMode, true);
}

uint32_t kind(float16_t a) {
    return (uint32_t)Brain::classify(a);
}

uint32_t to_half(float16_t a) {
    return (uint32_t)(int16_t)Half::narrow(Brain::wide(a)).v;
}

uint32_t from_half(float16_t a) {
    return (uint32_t)(int16_t)Brain::narrow(Half::wide(a)).v;
}

reg_t from_signed(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    set_result(p, insn, i32_to_bf16((int32_t)x(p, insn.rs1())));
    return pc + 4;
}

reg_t from_unsigned(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    set_result(p, insn, ui32_to_bf16(x(p, insn.rs1())));
    return pc + 4;
}

reg_t to_single(processor_t *p, insn_t insn, reg_t pc) {
    set_x(p, insn.rd(), Brain::wide(operand(p, insn.rs1())).v);
    return pc + 4;
}

reg_t from_single(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    set_result(p, insn, Brain::narrow(float32_t{x(p, insn.rs1())}));
    return pc + 4;
}

} // namespace

std::vector<insn_desc_t> brain_instructions() {
    constexpr uint32_t TWO = 0xfe00707f, ONE = 0xfff0707f, THREE = 0x0600707f, FORMAT = 2u << 25;
    const auto two = [](uint32_t funct7, uint32_t funct3, insn_func_t run) {
        return instruction(funct7 << 25 | funct3 << 12 | 0x53, TWO, run);
    };
    const auto one = [](uint32_t funct7, uint32_t rs2, uint32_t funct3, insn_func_t run) {
        return instruction(funct7 << 25 | rs2 << 20 | funct3 << 12 | 0x53, ONE, run);
    };
    return {
        two(0x02, 5, binary<Brain::add>),
        two(0x06, 5, binary<Brain::sub>),
        two(0x0a, 5, binary<Brain::mul>),
        two(0x0e, 5, binary<Brain::div>),
        two(0x12, 4, binary<sign_of>),
        two(0x12, 5, binary<sign_against>),
        two(0x12, 6, binary<sign_both>),
        two(0x16, 4, binary<Brain::min>),
        two(0x16, 5, binary<Brain::max>),
        two(0x52, 6, choice<Brain::eq>),
        two(0x52, 5, choice<Brain::lt>),
        two(0x52, 4, choice<Brain::le>),
        one(0x2e, 0, 5, root),
        one(0x62, 0, 5, unary<to_signed>),
        one(0x62, 1, 5, unary<to_unsigned>),
        one(0x6a, 0, 5, from_signed),
        one(0x6a, 1, 5, from_unsigned),
        one(0x72, 0, 5, unary<kind>),
        one(0x20, 6, 0, to_single),
        one(0x22, 0, 5, from_single),
        instruction(0x22u << 25 | 6u << 20 | 0x53, 0xfff0007f, unary<to_half>),
        one(0x22, 2, 5, unary<from_half>),
        instruction(FORMAT | 5u << 12 | 0x43, THREE, fused<false, false>),
        instruction(FORMAT | 5u << 12 | 0x47, THREE, fused<false, true>),
        instruction(FORMAT | 5u << 12 | 0x4b, THREE, fused<true, false>),
        instruction(FORMAT | 5u << 12 | 0x4f, THREE, fused<true, true>),
    };
}

} // namespace odl
