/* Instructions by their encoding, compressed ones included. */
#include "forms.h"

namespace odl {
namespace {

constexpr uint64_t PRODUCT = 2, HIGH_PRODUCT = 5;     /* pulp_iss_wrapper.cpp of gvsoc-pulp */
constexpr uint64_t DIVISION = 14, HALF_DIVISION = 10; /* packed halves take as long as singles */

/* Bytes of a load or store, from the field that says so: 0, 1, 2 are 1, 2 and 4. */
uint32_t width(uint32_t field) {
    return 1u << (field & 3);
}

} // namespace

Entry classify(insn_func_t run, uint32_t match, uint32_t mask) {
    Entry e = {run, PLAIN, NONE, false, 4, 0};
    uint32_t opcode = match & 0x7f, funct3 = match >> 12 & 7, funct7 = match >> 25;
    if ((match & 3) != 3) {
        uint32_t c3 = match >> 13 & 7;
        switch (match & 3) {
        case 0:
            if (c3 == 2 || c3 == 6) {
                e = {run, MEMORY, c3 == 2 ? C_LOAD : C_STORE, c3 == 6, 4, 0};
            }
            break;
        case 1:
            e.kind = c3 == 1 || c3 == 5 ? GO : c3 >= 6 ? BRANCH : PLAIN;
            break;
        default:
            if (c3 == 2 || c3 == 6) {
                e = {run, MEMORY, c3 == 2 ? C_POP : C_PUSH, c3 == 6, 4, 0};
            } else if (c3 == 4 && (mask & 0x7c) == 0x7c && (match & 0x7c) == 0) {
                e.kind = GO; /* c.jr, c.jalr */
            }
        }
        return e;
    }
    switch (opcode) {
    case 0x03:
        e = {run,
             MEMORY,
             funct3 == 7 ? INDEXED : I_FORM,
             false,
             width(funct3 == 7 ? funct7 >> 3 : funct3),
             0};
        break;
    case 0x0b:
        e = {run, MEMORY, POST, false, width(funct3 == 7 ? funct7 >> 3 : funct3), 0};
        break;
    case 0x07:
        e = {run, MEMORY, I_FORM, false, width(funct3), 0};
        break;
    case 0x27:
        e = {run, MEMORY, S_FORM, true, width(funct3), 0};
        break;
    case 0x23:
        e = {run, MEMORY, funct3 >= 4 ? INDEXED_STORE : S_FORM, true, width(funct3), 0};
        break;
    case 0x2b:
        e = {run, MEMORY, POST, true, width(funct3), 0};
        break;
    case 0x63:
        e.kind = BRANCH;
        break;
    case 0x67:
    case 0x6f:
        e.kind = GO;
        break;
    case 0x33:
        if (funct7 >= 0x41 && funct7 < 0x60) {
            e.kind = funct7 == 0x44 || funct7 == 0x47 ? FLOAT_DIVIDE : FLOAT;
            e.latency = DIVISION;
        } else if (funct7 == 1) {
            e.kind = funct3 < 4 ? MULTIPLY : DIVIDE;
            e.latency = funct3 == 0 ? PRODUCT : HIGH_PRODUCT;
        }
        break;
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
        e.kind = FLOAT;
        break;
    case 0x53:
        if (funct7 != 0x50 && funct7 != 0x70) { /* choices and classes of singles need no FPU */
            e.kind = funct7 >> 2 == 3 || funct7 >> 2 == 11 ? FLOAT_DIVIDE : FLOAT;
            e.latency = (funct7 & 3) == 2 ? HALF_DIVISION : DIVISION;
        }
        break;
    default:
        break;
    }
    return e;
}

uint32_t reads(insn_t insn) {
    uint32_t b = (uint32_t)insn.bits();
    auto c = [&](unsigned shift) { return 1u << (8 + (b >> shift & 7)); };
    uint32_t rd = 1u << (b >> 7 & 31), rs1 = 1u << (b >> 15 & 31), rs2 = 1u << (b >> 20 & 31);
    uint32_t short_rs2 = 1u << (b >> 2 & 31), c3 = b >> 13 & 7;
    switch (b & 3) {
    case 0:
        return c3 == 0 ? 1u << 2 : c(7) | (c3 == 6 ? c(2) : 0);
    case 1:
        if (c3 == 0 || c3 == 3) {
            return rd;
        }
        return c3 == 4 ? c(7) | ((b >> 10 & 3) == 3 ? c(2) : 0) : c3 >= 6 ? c(7) : 0;
    case 2:
        return c3 == 4 ? rd | short_rs2 : c3 == 0 ? rd : 1u << 2 | (c3 == 6 ? short_rs2 : 0);
    default:
        break;
    }
    uint32_t opcode = b & 0x7f, funct3 = b >> 12 & 7, funct7 = b >> 25;
    switch (opcode) {
    case 0x37:
    case 0x17:
    case 0x6f:
    case 0x0f:
        return 0;
    case 0x13:
    case 0x67:
        return rs1;
    case 0x73: /* csrrwi and its like have a number there */
        return funct3 >= 5 ? 0 : rs1;
    case 0x63: /* as p.beqimm and p.bneimm have */
        return funct3 == 2 || funct3 == 3 ? rs1 : rs1 | rs2;
    case 0x03:
    case 0x07:
    case 0x0b:
        return rs1 | (funct3 == 7 ? rs2 : 0);
    case 0x23:
    case 0x2b:
        return rs1 | rs2 | (funct3 >= 4 ? rd : 0);
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
        return rs1 | rs2 | 1u << (b >> 27);
    case 0x33:
        switch (funct7) {
        case 0x48: /* those that accumulate */
        case 0x49:
        case 0x4b:
        case 0x5d:
        case 0x21:
            return rs1 | rs2 | rd;
        case 0x47: /* roots, conversions, p.clip and p.extract */
        case 0x4c:
        case 0x0a:
            return rs1;
        default:
            return funct7 >= 0x60 ? rs1 : rs1 | rs2;
        }
    case 0x57:
        if (funct3 == 6) {
            return rs1;
        }
        return rs1 | rs2 | ((funct7 & 0x7e) == 0x64 || (funct7 & 0x7e) == 0x5c ? rd : 0);
    case 0x53:
        switch (funct7 >> 2) {
        case 0x08: /* conversions, roots and classes */
        case 0x0b:
        case 0x18:
        case 0x1a:
        case 0x1c:
            return rs1;
        default:
            return rs1 | rs2 | (funct7 == 0x2a ? rd : 0);
        }
    case 0x7b:
        return funct3 == 2 || funct3 == 4 ? rs1 : 0;
    default:
        return rs1 | rs2;
    }
}

uint32_t address_of(Address form, processor_t *p, insn_t insn) {
    switch (form) {
    case I_FORM:
        return x(p, insn.rs1()) + (uint32_t)insn.i_imm();
    case S_FORM:
        return x(p, insn.rs1()) + (uint32_t)insn.s_imm();
    case INDEXED:
        return x(p, insn.rs1()) + x(p, insn.rs2());
    case INDEXED_STORE:
        return x(p, insn.rs1()) + x(p, insn.rd());
    case C_LOAD:
    case C_STORE:
        return x(p, insn.rvc_rs1s()) + (uint32_t)insn.rvc_lw_imm();
    case C_POP:
        return x(p, 2) + (uint32_t)insn.rvc_lwsp_imm();
    case C_PUSH:
        return x(p, 2) + (uint32_t)insn.rvc_swsp_imm();
    default:
        return x(p, insn.rs1());
    }
}

unsigned destination(insn_t insn) {
    uint32_t b = (uint32_t)insn.bits();
    return (b & 3) == 0 ? 8 + (b >> 2 & 7) : b >> 7 & 31;
}

/* A bit of the quotient in a cycle (gvsoc-core, rv32m.hpp). */
uint64_t division(processor_t *p, insn_t insn) {
    const bool is_signed = !(insn.bits() >> 12 & 1), remainder = insn.bits() >> 13 & 1;
    const uint32_t a = x(p, insn.rs1()), b = x(p, insn.rs2());
    const bool negative = is_signed && (int32_t)b < 0;
    if (is_signed && b == 0) {
        return 1;
    }
    if (is_signed && a == 0 && (negative || !remainder)) {
        return 5;
    }
    const uint32_t magnitude = negative ? 0 - b : b;
    const uint32_t zeros = magnitude ? (uint32_t)__builtin_clz(magnitude) : 32;
    return zeros + (negative ? 2 : 3);
}

} // namespace odl
