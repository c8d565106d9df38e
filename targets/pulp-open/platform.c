/* GVSoC's pulp-open: the link is RISC-V semihosting on the simulator's standard streams. */
#include "odl/platform.h"

#include "cluster.h"

#define CORE_STATUS ODL_REGISTER(0x1a1040a0)
#define ENDED (1u << 31)

enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, MODE_READ = 0, MODE_WRITE = 4 };

/* A host call: these three instructions, none of them compressed, in one page. */
static int32_t semihost(uint32_t operation, const uint32_t *block) {
    register uint32_t a0 __asm__("a0") = operation;
    register const uint32_t *a1 __asm__("a1") = block;
    __asm__ volatile(".option push\n"
                     ".option norvc\n"
                     ".balign 16\n"
                     "slli zero, zero, 31\n"
                     "ebreak\n"
                     "srai zero, zero, 7\n"
                     ".option pop\n"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return (int32_t)a0;
}

/* Files of their own, since GVSoC may buffer what goes to file 1. */
static uint32_t open_file(const char *path, uint32_t length, uint32_t mode) {
    const uint32_t block[] = {(uint32_t)(uintptr_t)path, mode, length};
    return (uint32_t)semihost(SYS_OPEN, block);
}

/* SYS_READ and SYS_WRITE return the number of bytes that are left; SYS_READ waits for all of them.
 */
size_t odl_platform_read(void *data, size_t capacity) {
    static uint32_t file;
    if (capacity == 0) {
        return 0;
    }
    if (file == 0) {
        file = open_file("/dev/stdin", sizeof "/dev/stdin" - 1, MODE_READ);
    }
    const uint32_t block[] = {file, (uint32_t)(uintptr_t)data, 1};
    return semihost(SYS_READ, block) == 0 ? 1 : 0;
}

void odl_platform_write(const void *data, size_t bytes) {
    static uint32_t file;
    if (file == 0) {
        file = open_file("/dev/stdout", sizeof "/dev/stdout" - 1, MODE_WRITE);
    }
    const uint32_t block[] = {file, (uint32_t)(uintptr_t)data, (uint32_t)bytes};
    if (semihost(SYS_WRITE, block) != 0) {
        odl_platform_exit(1);
    }
}

_Noreturn void odl_platform_exit(int code) {
    CORE_STATUS = ENDED | (uint32_t)code;
    for (;;) {
    }
}
