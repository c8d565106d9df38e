/* What the timing model has to know of an instruction: its kind, its operands, its address. */
#ifndef ODL_SPIKE_FORMS_H
#define ODL_SPIKE_FORMS_H

#include "cluster.h"

namespace odl {

enum Kind { PLAIN, MEMORY, BRANCH, GO, MULTIPLY, DIVIDE, FLOAT, FLOAT_DIVIDE };

/* How a load or store makes its address; compressed forms have registers elsewhere. */
enum Address { NONE, I_FORM, S_FORM, POST, INDEXED, INDEXED_STORE, C_LOAD, C_STORE, C_POP, C_PUSH };

struct Entry {
    insn_func_t run;
    Kind kind;
    Address address;
    bool is_store;
    uint32_t bytes;
    uint64_t latency; /* of products, and of quotients of floats */
};

Entry classify(insn_func_t run, uint32_t match, uint32_t mask);

/* The registers that an instruction reads, as bits; in doubt, more. */
uint32_t reads(insn_t insn);

/* The register that it writes, where it writes one. */
unsigned destination(insn_t insn);

/* Where a load or store goes. */
uint32_t address_of(Address form, processor_t *p, insn_t insn);

/* Cycles of an integer division, which its operands decide. */
uint64_t division(processor_t *p, insn_t insn);

} // namespace odl
#endif
