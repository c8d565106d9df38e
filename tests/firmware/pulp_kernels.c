/*
 * Runs kernels on the cluster of a gap9, on operands that the host sends. A request is three words:
 * PUT and GET, from where in the memory and how many bytes; or RUN, which kernel, on how many
 * cores, and behind it how many words of arguments and those. The memory's address is the first
 * word of all; a word answers when a kernel has run.
 */
#include "odl/platform.h"
#include "odl/session.h"
#include "odl/team.h"
#include "receive.h"

/* kernels.inc is a list of KERNEL(function), made by the test. */
#define KERNEL(function) extern odl_kernel function;
#include "kernels.inc"
#undef KERNEL

enum { PUT, GET, RUN };
enum { MEMORY = 0x18000, WORDS = 64 };

static odl_kernel *const kernels[] = {
#define KERNEL(function) function,
#include "kernels.inc"
};

static uint8_t memory[MEMORY] __attribute__((section(".l1"), aligned(16)));
static uint32_t args[WORDS] __attribute__((aligned(4)));

static void run(uint32_t kernel, uint32_t cores) {
    uint32_t words;
    receive(&words, sizeof words);
    receive(args, words * sizeof args[0]);
    const struct odl_step step = {kernels[kernel], args, words * sizeof args[0], 0, 0, 0};
    odl_team_run(&step, 1, cores);
    odl_platform_write(&words, sizeof words);
}

int main(void) {
    const uint32_t where = (uint32_t)(uintptr_t)memory;
    odl_platform_start();
    odl_platform_write(&where, sizeof where);
    for (;;) {
        uint32_t request[3];
        receive(request, sizeof request);
        if (request[0] == RUN) {
            run(request[1], request[2]);
        } else if (request[0] == PUT) {
            receive(memory + request[1], request[2]);
        } else {
            odl_platform_write(memory + request[1], request[2]);
        }
    }
}

void odl_session_trap(const char *line) {
    (void)line;
}
