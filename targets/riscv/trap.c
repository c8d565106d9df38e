/* An exception that nobody expects: its registers go to the host as a line, and the program ends.
 */
#include "odl/platform.h"
#include "odl/session.h"
#include "riscv.h"

static char *hex(char *to, uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) {
        *to++ = "0123456789abcdef"[value >> shift & 15];
    }
    return to;
}

static char *text(char *to, const char *from) {
    while (*from) {
        *to++ = *from++;
    }
    return to;
}

_Noreturn void odl_platform_trap(uint32_t cause, uint32_t pc, uint32_t value) {
    char line[80], *at = text(line, "hart ");
    at = hex(at, ODL_CSR(mhartid));
    at = hex(text(at, ": trap, mcause "), cause);
    at = hex(text(at, ", mepc "), pc);
    at = hex(text(at, ", mtval "), value);
    *at = 0;
    odl_session_trap(line);
    odl_platform_exit(1);
}
