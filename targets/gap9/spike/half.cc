/*
 * Packed half precision ("smallFloat", Xfvec and Xfaux) in the integer registers: lane 0 is bits 15
 * to 0, lane 1 bits 31 to 16. Encodings and semantics: GVSoC's decoder tables, checked on
 * pulp-open.
 */
#include "cluster.h"

namespace odl {
namespace {

float16_t lane(uint32_t v, unsigned i) {
    return float16_t{(uint16_t)(v >> 16 * i)};
}

uint32_t pack(float16_t low, float16_t high) {
    return low.v | (uint32_t)high.v << 16;
}

float16_t negated(float16_t v) {
    return float16_t{(uint16_t)(v.v ^ 0x8000)};
}

void round_as_asked(processor_t *p) {
    softfloat_roundingMode = (uint_fast8_t)p->state.frm->read();
}

using Binary = float16_t (*)(float16_t, float16_t);

/* rd[i] = f(rs1[i], rs2[R ? 0 : i]) */
template <Binary f, bool R> reg_t binary(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    uint32_t a = x(p, insn.rs1()), b = x(p, insn.rs2());
    set_x(p, insn.rd(), pack(f(lane(a, 0), lane(b, 0)), f(lane(a, 1), lane(b, R ? 0 : 1))));
    return pc + 4;
}

using Ternary = float16_t (*)(float16_t, float16_t, float16_t);

/* rd[i] = f(rs1[i], rs2[R ? 0 : i], rd[i]) */
template <Ternary f, bool R> reg_t ternary(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    uint32_t a = x(p, insn.rs1()), b = x(p, insn.rs2()), d = x(p, insn.rd());
    set_x(
        p, insn.rd(),
        pack(f(lane(a, 0), lane(b, 0), lane(d, 0)), f(lane(a, 1), lane(b, R ? 0 : 1), lane(d, 1))));
    return pc + 4;
}

using Unary = uint16_t (*)(uint16_t);

template <Unary f> reg_t unary(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    uint32_t a = x(p, insn.rs1());
    set_x(p, insn.rd(), f((uint16_t)a) | (uint32_t)f((uint16_t)(a >> 16)) << 16);
    return pc + 4;
}

float16_t fused(float16_t a, float16_t b, float16_t d) {
    return f16_mulAdd(a, b, d);
}

float16_t fused_minus(float16_t a, float16_t b, float16_t d) {
    return f16_mulAdd(a, b, negated(d));
}

float16_t sign_of(float16_t a, float16_t b) {
    return float16_t{(uint16_t)((a.v & 0x7fff) | (b.v & 0x8000))};
}

float16_t sign_against(float16_t a, float16_t b) {
    return sign_of(a, negated(b));
}

float16_t sign_both(float16_t a, float16_t b) {
    return float16_t{(uint16_t)(a.v ^ (b.v & 0x8000))};
}

float16_t half_sum(float16_t a, float16_t b) {
    return f16_mul(f16_add(a, b), float16_t{0x3800});
}

float16_t truth(bool yes) {
    return float16_t{(uint16_t)yes};
}

float16_t equal(float16_t a, float16_t b) {
    return truth(f16_eq(a, b));
}

float16_t unequal(float16_t a, float16_t b) {
    return truth(!f16_eq(a, b));
}

float16_t less(float16_t a, float16_t b) {
    return truth(f16_lt_quiet(a, b));
}

float16_t less_or_equal(float16_t a, float16_t b) {
    return truth(f16_le_quiet(a, b));
}

float16_t greater(float16_t a, float16_t b) {
    return less(b, a);
}

float16_t greater_or_equal(float16_t a, float16_t b) {
    return less_or_equal(b, a);
}

uint16_t root(uint16_t a) {
    return f16_sqrt(float16_t{a}).v;
}

uint16_t to_signed(uint16_t a) {
    int32_t v = f16_to_i32(float16_t{a}, softfloat_roundingMode, true);
    return (uint16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

uint16_t to_unsigned(uint16_t a) {
    int64_t v = f16_to_i64(float16_t{a}, softfloat_roundingMode, true);
    return (uint16_t)(v > UINT16_MAX ? UINT16_MAX : v < 0 ? 0 : v);
}

uint16_t from_signed(uint16_t a) {
    return i32_to_f16((int16_t)a).v;
}

uint16_t from_unsigned(uint16_t a) {
    return ui32_to_f16(a).v;
}

uint16_t kind(uint16_t a) {
    return (uint16_t)f16_classify(float16_t{a});
}

uint16_t same(uint16_t a) {
    return a;
}

/* rd = {half(rs2), half(rs1)} of two single precision values */
reg_t pack_singles(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    float32_t a{x(p, insn.rs1())}, b{x(p, insn.rs2())};
    set_x(p, insn.rd(), pack(f32_to_f16(a), f32_to_f16(b)));
    return pc + 4;
}

/* rd = fma(a0, b0, half(a1 * b1)), one half: it does not accumulate */
template <bool R> reg_t dot_half(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    uint32_t a = x(p, insn.rs1()), b = x(p, insn.rs2());
    float16_t second = f16_mul(lane(a, 1), lane(b, R ? 0 : 1));
    set_x(p, insn.rd(), f16_mulAdd(lane(a, 0), lane(b, 0), second).v);
    return pc + 4;
}

/* single rd += or -= a0 * b0 + a1 * b1: the sum of the products rounds once, then the total */
template <bool R, bool MINUS> reg_t dot_single(processor_t *p, insn_t insn, reg_t pc) {
    softfloat_roundingMode = softfloat_round_near_even;
    uint32_t a = x(p, insn.rs1()), b = x(p, insn.rs2());
    float32_t first = f32_mul(f16_to_f32(lane(a, 0)), f16_to_f32(lane(b, 0)));
    float32_t sum = f32_mulAdd(f16_to_f32(lane(a, 1)), f16_to_f32(lane(b, R ? 0 : 1)), first);
    float32_t total{x(p, insn.rd())};
    set_x(p, insn.rd(), (MINUS ? f32_sub(total, sum) : f32_add(total, sum)).v);
    return pc + 4;
}

/* single rd = or += half rs1 * half rs2 */
template <bool ADD> reg_t expand(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    float32_t a = f16_to_f32(float16_t{(uint16_t)x(p, insn.rs1())});
    float32_t b = f16_to_f32(float16_t{(uint16_t)x(p, insn.rs2())});
    float32_t total{x(p, insn.rd())};
    set_x(p, insn.rd(), (ADD ? f32_mulAdd(a, b, total) : f32_mul(a, b)).v);
    return pc + 4;
}

constexpr uint32_t R_TYPE = 0xfe00707f, UNARY = 0xfff0707f, NO_ROUNDING = 0xfe00007f;

constexpr uint32_t vector(uint32_t funct7, uint32_t funct3, uint32_t rs2 = 0) {
    return funct7 << 25 | rs2 << 20 | funct3 << 12 | 0x33;
}

template <Binary f> void add_binary(std::vector<insn_desc_t> &to, uint32_t funct7) {
    to.push_back(instruction(vector(funct7, 2), R_TYPE, binary<f, false>));
    to.push_back(instruction(vector(funct7, 6), R_TYPE, binary<f, true>));
}

template <Ternary f> void add_ternary(std::vector<insn_desc_t> &to, uint32_t funct7) {
    to.push_back(instruction(vector(funct7, 2), R_TYPE, ternary<f, false>));
    to.push_back(instruction(vector(funct7, 6), R_TYPE, ternary<f, true>));
}

} // namespace

std::vector<insn_desc_t> half_instructions() {
    std::vector<insn_desc_t> all;
    add_binary<f16_add>(all, 0x41);
    add_binary<f16_sub>(all, 0x42);
    add_binary<f16_mul>(all, 0x43);
    add_binary<f16_div>(all, 0x44);
    add_binary<f16_min>(all, 0x45);
    add_binary<f16_max>(all, 0x46);
    add_ternary<fused>(all, 0x48);
    add_ternary<fused_minus>(all, 0x49);
    add_binary<sign_of>(all, 0x4d);
    add_binary<sign_against>(all, 0x4e);
    add_binary<sign_both>(all, 0x4f);
    add_binary<equal>(all, 0x50);
    add_binary<unequal>(all, 0x51);
    add_binary<less>(all, 0x52);
    add_binary<greater_or_equal>(all, 0x53);
    add_binary<less_or_equal>(all, 0x54);
    add_binary<greater>(all, 0x55);
    add_binary<half_sum>(all, 0x56);
    all.push_back(instruction(vector(0x47, 2), UNARY, unary<root>));
    all.push_back(instruction(vector(0x4c, 2, 0), UNARY, unary<same>));
    all.push_back(instruction(vector(0x4c, 6, 0), UNARY, unary<same>));
    all.push_back(instruction(vector(0x4c, 2, 1), UNARY, unary<kind>));
    all.push_back(instruction(vector(0x4c, 2, 2), UNARY, unary<to_signed>));
    all.push_back(instruction(vector(0x4c, 6, 2), UNARY, unary<to_unsigned>));
    all.push_back(instruction(vector(0x4c, 2, 3), UNARY, unary<from_signed>));
    all.push_back(instruction(vector(0x4c, 6, 3), UNARY, unary<from_unsigned>));
    all.push_back(instruction(vector(0x58, 2), R_TYPE, pack_singles));
    all.push_back(instruction(vector(0x4a, 2), R_TYPE, dot_half<false>));
    all.push_back(instruction(vector(0x4a, 6), R_TYPE, dot_half<true>));
    all.push_back(instruction(vector(0x4b, 0), R_TYPE, dot_single<false, false>));
    all.push_back(instruction(vector(0x4b, 4), R_TYPE, dot_single<true, false>));
    all.push_back(instruction(vector(0x5d, 0), R_TYPE, dot_single<false, true>));
    all.push_back(instruction(0x26u << 25 | 0x53, NO_ROUNDING, expand<false>));
    all.push_back(instruction(0x2au << 25 | 0x53, NO_ROUNDING, expand<true>));
    return all;
}

} // namespace odl
