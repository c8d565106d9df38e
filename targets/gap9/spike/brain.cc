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
    constexpr uint32_t MODE = 5u << 12, TWO = 0xfe00707f, ONE = 0xfff0707f, THREE = 0x0600707f;
    constexpr uint32_t FORMAT = 2u << 25, FLOAT = 0x53;
    return {
        instruction(0x02u << 25 | MODE | FLOAT, TWO, binary<Brain::add>),
        instruction(0x06u << 25 | MODE | FLOAT, TWO, binary<Brain::sub>),
        instruction(0x0au << 25 | MODE | FLOAT, TWO, binary<Brain::mul>),
        instruction(0x0eu << 25 | MODE | FLOAT, TWO, binary<Brain::div>),
        instruction(0x2eu << 25 | MODE | FLOAT, ONE, root),
        instruction(FORMAT | MODE | 0x43, THREE, fused<false, false>),
        instruction(FORMAT | MODE | 0x47, THREE, fused<false, true>),
        instruction(FORMAT | MODE | 0x4b, THREE, fused<true, false>),
        instruction(FORMAT | MODE | 0x4f, THREE, fused<true, true>),
        instruction(0x20u << 25 | 6u << 20 | FLOAT, ONE, to_single),
        instruction(0x22u << 25 | MODE | FLOAT, ONE, from_single),
    };
}

} // namespace odl
