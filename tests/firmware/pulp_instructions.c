/*
 * Executes instructions that the host sends as words, on operands that it sends, on the fabric
 * controller of a gap9. A request is three words: what, how many words of code, how many triples.
 * RUN reads the code and the triples, calls the code on each with a3, a4 and a5 holding it, and
 * writes them as they are afterwards; code must keep the other registers but t0 to t2. PUT fills
 * the memory that the code may use, GET writes it; its address is the first word of all.
 */
#include "odl/platform.h"
#include "odl/session.h"
#include "odl/team.h"
#include "receive.h"

enum { RUN, PUT, GET };
enum { MOST_CODE = 64, MOST_TRIPLES = 4096, MEMORY_WORDS = 1024, RETURN = 0x00008067 };

static uint32_t code[MOST_CODE + 1] __attribute__((aligned(16)));
static uint32_t triples[MOST_TRIPLES][3];
static uint32_t memory[MEMORY_WORDS] __attribute__((section(".l1"), aligned(4)));

static void run(uint32_t words, uint32_t count) {
    receive(code, words * sizeof code[0]);
    receive(triples, count * sizeof triples[0]);
    code[words] = RETURN;
    __asm__ volatile("fence.i" ::: "memory");
    for (uint32_t i = 0; i < count; i++) {
        register uint32_t a __asm__("a3") = triples[i][0];
        register uint32_t b __asm__("a4") = triples[i][1];
        register uint32_t d __asm__("a5") = triples[i][2];
        __asm__ volatile("jalr %3"
                         : "+r"(a), "+r"(b), "+r"(d)
                         : "r"(code)
                         : "ra", "t0", "t1", "t2", "memory");
        triples[i][0] = a;
        triples[i][1] = b;
        triples[i][2] = d;
    }
    odl_platform_write(triples, count * sizeof triples[0]);
}

int main(void) {
    const uint32_t where = (uint32_t)(uintptr_t)memory;
    odl_platform_write(&where, sizeof where);
    for (;;) {
        uint32_t request[3];
        receive(request, sizeof request);
        if (request[0] == RUN) {
            run(request[1], request[2]);
        } else if (request[0] == PUT) {
            receive(memory, sizeof memory);
        } else {
            odl_platform_write(memory, sizeof memory);
        }
    }
}

void odl_session_trap(const char *line) {
    (void)line;
}

void odl_team_join(uint32_t self) {
    (void)self;
}
