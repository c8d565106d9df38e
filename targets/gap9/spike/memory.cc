/* Loads and stores of Xpulpv2: post-increment, register offset, and the event load p.elw. */
#include "cluster.h"

namespace odl {
namespace {

enum Offset { IMMEDIATE, REGISTER };

template <typename T> uint32_t load(processor_t *p, uint32_t address) {
    return (uint32_t)(int32_t)p->mmu->load<T>(address);
}

/* rd = M[rs1]; rs1 += offset. Where both are one register, the loaded value stays. */
template <typename T, Offset O> reg_t load_post(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t address = x(p, insn.rs1());
    uint32_t step = O == IMMEDIATE ? (uint32_t)insn.i_imm() : x(p, insn.rs2());
    uint32_t value = load<T>(p, address);
    set_x(p, insn.rs1(), address + step);
    set_x(p, insn.rd(), value);
    return pc + 4;
}

template <typename T> reg_t load_indexed(processor_t *p, insn_t insn, reg_t pc) {
    set_x(p, insn.rd(), load<T>(p, x(p, insn.rs1()) + x(p, insn.rs2())));
    return pc + 4;
}

/* M[rs1] = rs2; rs1 += offset, which is a register in the place of rd. */
template <typename T, Offset O> reg_t store_post(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t address = x(p, insn.rs1());
    uint32_t step = O == IMMEDIATE ? (uint32_t)insn.s_imm() : x(p, insn.rd());
    p->mmu->store<T>(address, (T)x(p, insn.rs2()));
    set_x(p, insn.rs1(), address + step);
    return pc + 4;
}

template <typename T> reg_t store_indexed(processor_t *p, insn_t insn, reg_t pc) {
    p->mmu->store<T>(x(p, insn.rs1()) + x(p, insn.rd()), (T)x(p, insn.rs2()));
    return pc + 4;
}

/* flh and flw; a half gets ones above it, as a box that is not a single. */
template <typename T> reg_t load_float(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t value = p->mmu->load<T>(x(p, insn.rs1()) + (uint32_t)insn.i_imm());
    set_x(p, insn.rd(), sizeof(T) == 2 ? value | 0xffff0000 : value);
    return pc + 4;
}

template <typename T> reg_t store_float(processor_t *p, insn_t insn, reg_t pc) {
    p->mmu->store<T>(x(p, insn.rs1()) + (uint32_t)insn.s_imm(), (T)x(p, insn.rs2()));
    return pc + 4;
}

reg_t event_load(processor_t *p, insn_t insn, reg_t pc) {
    uint32_t address = x(p, insn.rs1()) + (uint32_t)insn.i_imm();
    set_x(p, insn.rd(), wait_at_barrier(core_of(p), address));
    return pc + 4;
}

constexpr uint32_t I_TYPE = 0x707f, R_TYPE = 0xfe00707f;

template <typename T>
void add_load(std::vector<insn_desc_t> &to, uint32_t funct3, uint32_t funct7) {
    to.push_back(instruction(funct3 << 12 | 0x0b, I_TYPE, load_post<T, IMMEDIATE>));
    to.push_back(instruction(funct7 << 25 | 7u << 12 | 0x0b, R_TYPE, load_post<T, REGISTER>));
    to.push_back(instruction(funct7 << 25 | 7u << 12 | 0x03, R_TYPE, load_indexed<T>));
}

template <typename T> void add_store(std::vector<insn_desc_t> &to, uint32_t funct3) {
    to.push_back(instruction(funct3 << 12 | 0x2b, I_TYPE, store_post<T, IMMEDIATE>));
    to.push_back(instruction((funct3 | 4) << 12 | 0x2b, R_TYPE, store_post<T, REGISTER>));
    to.push_back(instruction((funct3 | 4) << 12 | 0x23, R_TYPE, store_indexed<T>));
}

} // namespace

std::vector<insn_desc_t> memory_instructions() {
    std::vector<insn_desc_t> all;
    add_load<int8_t>(all, 0, 0x00);
    add_load<int16_t>(all, 1, 0x08);
    add_load<int32_t>(all, 2, 0x10);
    add_load<uint8_t>(all, 4, 0x20);
    add_load<uint16_t>(all, 5, 0x28);
    add_store<uint8_t>(all, 0);
    add_store<uint16_t>(all, 1);
    add_store<uint32_t>(all, 2);
    all.push_back(instruction(1u << 12 | 0x07, I_TYPE, load_float<uint16_t>));
    all.push_back(instruction(2u << 12 | 0x07, I_TYPE, load_float<uint32_t>));
    all.push_back(instruction(1u << 12 | 0x27, I_TYPE, store_float<uint16_t>));
    all.push_back(instruction(2u << 12 | 0x27, I_TYPE, store_float<uint32_t>));
    all.push_back(instruction(6u << 12 | 0x03, I_TYPE, event_load));
    return all;
}

} // namespace odl
