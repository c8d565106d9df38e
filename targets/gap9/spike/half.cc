/*
 * Packed half precision ("smallFloat", Xfvec and Xfaux) in the integer registers: lane 0 is bits 15
 * to 0, lane 1 bits 31 to 16. Encodings and semantics: GVSoC's decoder tables, checked on
 * pulp-open. Both formats of 16 bits: IEEE's (.h) and bfloat16 (.ah).
 */
#include "half.h"

namespace odl {
namespace {

float16_t lane(uint32_t v, unsigned i) {
    return float16_t{(uint16_t)(v >> 16 * i)};
}

uint32_t pack(float16_t low, float16_t high) {
    return low.v | (uint32_t)high.v << 16;
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

using Unary = float16_t (*)(float16_t);

template <Unary f> reg_t unary(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    uint32_t a = x(p, insn.rs1());
    set_x(p, insn.rd(), pack(f(lane(a, 0)), f(lane(a, 1))));
    return pc + 4;
}

template <typename F> float16_t fused_minus(float16_t a, float16_t b, float16_t d) {
    return F::fused(a, b, negated(d));
}

template <typename F> float16_t half_sum(float16_t a, float16_t b) {
    return F::mul(F::add(a, b), float16_t{F::ONE_HALF});
}

float16_t truth(bool yes) {
    return float16_t{(uint16_t)yes};
}

template <typename F> float16_t equal(float16_t a, float16_t b) {
    return truth(F::eq(a, b));
}

template <typename F> float16_t unequal(float16_t a, float16_t b) {
    return truth(!F::eq(a, b));
}

template <typename F> float16_t less(float16_t a, float16_t b) {
    return truth(F::lt(a, b));
}

template <typename F> float16_t less_or_equal(float16_t a, float16_t b) {
    return truth(F::le(a, b));
}

template <typename F> float16_t greater(float16_t a, float16_t b) {
    return less<F>(b, a);
}

template <typename F> float16_t greater_or_equal(float16_t a, float16_t b) {
    return less_or_equal<F>(b, a);
}

template <typename F> int64_t rounded(float16_t a) {
    return f32_to_i64(F::wide(a), softfloat_roundingMode, true);
}

template <typename F> float16_t to_signed(float16_t a) {
    int64_t v = rounded<F>(a);
    return float16_t{(uint16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v)};
}

template <typename F> float16_t to_unsigned(float16_t a) {
    int64_t v = rounded<F>(a);
    return float16_t{(uint16_t)(v > UINT16_MAX ? UINT16_MAX : v < 0 ? 0 : v)};
}

template <typename F> float16_t from_signed(float16_t a) {
    return F::integer((int16_t)a.v);
}

template <typename F> float16_t from_unsigned(float16_t a) {
    return F::integer(a.v);
}

template <typename F> float16_t kind(float16_t a) {
    return float16_t{(uint16_t)F::classify(a)};
}

template <typename To, typename From> float16_t converted(float16_t a) {
    return To::narrow(From::wide(a));
}

float16_t same(float16_t a) {
    return a;
}

/* rd = {half(rs2), half(rs1)} of two single precision values */
template <typename F> reg_t pack_singles(processor_t *p, insn_t insn, reg_t pc) {
    round_as_asked(p);
    float32_t a{x(p, insn.rs1())}, b{x(p, insn.rs2())};
    set_x(p, insn.rd(), pack(F::narrow(a), F::narrow(b)));
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
constexpr uint32_t REPLICATED = 4; /* in funct3, whose other bits are the format */

constexpr uint32_t vector(uint32_t funct7, uint32_t funct3, uint32_t rs2 = 0) {
    return funct7 << 25 | rs2 << 20 | funct3 << 12 | 0x33;
}

template <Binary f>
void add_binary(std::vector<insn_desc_t> &to, uint32_t funct7, uint32_t format) {
    to.push_back(instruction(vector(funct7, format), R_TYPE, binary<f, false>));
    to.push_back(instruction(vector(funct7, format | REPLICATED), R_TYPE, binary<f, true>));
}

template <Ternary f>
void add_ternary(std::vector<insn_desc_t> &to, uint32_t funct7, uint32_t format) {
    to.push_back(instruction(vector(funct7, format), R_TYPE, ternary<f, false>));
    to.push_back(instruction(vector(funct7, format | REPLICATED), R_TYPE, ternary<f, true>));
}

/* The instructions that are the same in both formats. */
template <typename F> void add_format(std::vector<insn_desc_t> &to) {
    constexpr uint32_t FORMAT = F::FORMAT, CONVERT = 0x4c;
    add_binary<F::add>(to, 0x41, FORMAT);
    add_binary<F::sub>(to, 0x42, FORMAT);
    add_binary<F::mul>(to, 0x43, FORMAT);
    add_binary<F::div>(to, 0x44, FORMAT);
    add_binary<F::min>(to, 0x45, FORMAT);
    add_binary<F::max>(to, 0x46, FORMAT);
    add_ternary<F::fused>(to, 0x48, FORMAT);
    add_ternary<fused_minus<F>>(to, 0x49, FORMAT);
    add_binary<sign_of>(to, 0x4d, FORMAT);
    add_binary<sign_against>(to, 0x4e, FORMAT);
    add_binary<sign_both>(to, 0x4f, FORMAT);
    add_binary<equal<F>>(to, 0x50, FORMAT);
    add_binary<unequal<F>>(to, 0x51, FORMAT);
    add_binary<less<F>>(to, 0x52, FORMAT);
    add_binary<greater_or_equal<F>>(to, 0x53, FORMAT);
    add_binary<less_or_equal<F>>(to, 0x54, FORMAT);
    add_binary<greater<F>>(to, 0x55, FORMAT);
    add_binary<half_sum<F>>(to, 0x56, FORMAT);
    const std::tuple<uint32_t, uint32_t, insn_func_t> conversions[] = {
        {0, FORMAT, unary<same>},
        {0, FORMAT | REPLICATED, unary<same>},
        {1, FORMAT, unary<kind<F>>},
        {2, FORMAT, unary<to_signed<F>>},
        {2, FORMAT | REPLICATED, unary<to_unsigned<F>>},
        {3, FORMAT, unary<from_signed<F>>},
        {3, FORMAT | REPLICATED, unary<from_unsigned<F>>},
    };
    for (auto [which, funct3, run] : conversions) {
        to.push_back(instruction(vector(CONVERT, funct3, which), UNARY, run));
    }
    to.push_back(instruction(vector(0x47, FORMAT), UNARY, unary<F::root>));
    to.push_back(instruction(vector(0x58, FORMAT), R_TYPE, pack_singles<F>));
}

} // namespace

std::vector<insn_desc_t> half_instructions() {
    std::vector<insn_desc_t> all;
    add_format<Half>(all);
    add_format<Brain>(all);
    all.push_back(instruction(vector(0x4c, Half::FORMAT, 5), UNARY, unary<converted<Half, Brain>>));
    all.push_back(
        instruction(vector(0x4c, Brain::FORMAT, 6), UNARY, unary<converted<Brain, Half>>));
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
