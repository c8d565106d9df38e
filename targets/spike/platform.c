/* Spike: the link is HTIF's proxied read and write on the simulator's standard streams. */
#include "odl/platform.h"

#include "riscv.h"

/* Two 64-bit mailboxes, as words. */
volatile uint32_t tohost[2] __attribute__((section(".tohost"), aligned(64)));
volatile uint32_t fromhost[2] __attribute__((section(".tohost"), aligned(64)));

enum { SYS_READ = 63, SYS_WRITE = 64 };

/* Spike polls the low word, so it is written last. */
static void to_host(uint32_t low) {
    __asm__ volatile("fence rw, rw" ::: "memory");
    tohost[1] = 0;
    tohost[0] = low;
}

static int32_t system_call(uint32_t number, uint32_t a, uint32_t b, uint32_t c) {
    static volatile uint64_t block[8] __attribute__((aligned(64)));
    block[0] = number;
    block[1] = a;
    block[2] = b;
    block[3] = c;
    to_host((uint32_t)(uintptr_t)block);
    while (fromhost[0] == 0) {
    }
    fromhost[0] = 0;
    fromhost[1] = 0;
    __asm__ volatile("fence rw, rw" ::: "memory");
    return (int32_t)block[0];
}

size_t odl_platform_read(void *data, size_t capacity) {
    int32_t n = system_call(SYS_READ, 0, (uint32_t)(uintptr_t)data, (uint32_t)capacity);
    return n > 0 ? (size_t)n : 0;
}

void odl_platform_write(const void *data, size_t bytes) {
    const char *at = data;
    while (bytes > 0) {
        int32_t n = system_call(SYS_WRITE, 1, (uint32_t)(uintptr_t)at, (uint32_t)bytes);
        if (n <= 0) {
            odl_platform_exit(1);
        }
        at += n;
        bytes -= (size_t)n;
    }
}

_Noreturn void odl_platform_exit(int code) {
    to_host((uint32_t)code << 1 | 1);
    for (;;) {
    }
}
