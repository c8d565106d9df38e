/*
 * Measures kernels of pulp_cycles.S on the cores of a gap9's cluster. A request is two words, the
 * kernel's number and the cores that execute it, all of which begin in one cycle; the answer is
 * each core's result, of the last of some runs, whose instructions are in the caches.
 */
#include "cluster.h"

#include "odl/platform.h"
#include "odl/session.h"
#include "odl/team.h"
#include "receive.h"

#define KERNELS(F)                                                                                 \
    F(nothing)                                                                                     \
    F(load_use)                                                                                    \
    F(load_other)                                                                                  \
    F(product_chain)                                                                               \
    F(product_other)                                                                               \
    F(high_product)                                                                                \
    F(quotient_of_zero)                                                                            \
    F(quotient)                                                                                    \
    F(taken_branch)                                                                                \
    F(other_branch)                                                                                \
    F(jump)                                                                                        \
    F(call)                                                                                        \
    F(loop_of_nops)                                                                                \
    F(nested_loops)                                                                                \
    F(single_quotient)                                                                             \
    F(single_root)                                                                                 \
    F(half_quotient)                                                                               \
    F(half_root)                                                                                   \
    F(packed_quotient)                                                                             \
    F(sums)                                                                                        \
    F(sums_between_others)                                                                         \
    F(choices)                                                                                     \
    F(barrier)                                                                                     \
    F(late_barrier)                                                                                \
    F(far_load)                                                                                    \
    F(far_store)                                                                                   \
    F(one_bank)                                                                                    \
    F(one_bank_always)                                                                             \
    F(own_banks)                                                                                   \
    F(far_misaligned)                                                                              \
    F(numbers_are_not_registers)                                                                   \
    F(misaligned_word)                                                                             \
    F(misaligned_half)                                                                             \
    F(half_inside_a_word)                                                                          \
    F(inside_the_cache)                                                                            \
    F(beyond_the_cache)                                                                            \
    F(load_4)                                                                                      \
    F(load_1024)                                                                                   \
    F(load_8192)                                                                                   \
    F(load_rows)                                                                                   \
    F(load_words)                                                                                  \
    F(save_4)                                                                                      \
    F(save_1024)                                                                                   \
    F(save_8192)                                                                                   \
    F(save_rows)

enum { RUNS = 16 };

typedef uint32_t kernel(void);

#define DECLARE(NAME) kernel NAME;
KERNELS(DECLARE)

#define ENTRY(NAME) NAME,
static kernel *const kernels[] = {KERNELS(ENTRY)};

#define TEXT(NAME) #NAME "\n"
static const char names[] = KERNELS(TEXT) "\n";

static volatile uint32_t request[2], asked, results[ODL_CORES];

int main(void) {
    odl_platform_write(names, sizeof names - 1);
    odl_platform_start();
    for (;;) {
        uint32_t wanted[2];
        receive(wanted, sizeof wanted);
        request[0] = wanted[0];
        request[1] = wanted[1];
        asked = 1;
        while (asked) {
        }
        odl_platform_write((const void *)results, sizeof results);
    }
}

void odl_team_join(uint32_t self) {
    ODL_EVENT_MASK_OR = ODL_BARRIER_EVENT;
    ODL_COUNT_EVENTS(-1);
    __asm__ volatile("csrw 0xcc1, %0" ::"r"(3));
    if (self == 0) {
        ODL_BARRIER_CORES = (1u << ODL_CORES) - 1;
        ODL_BARRIER_WAKES = (1u << ODL_CORES) - 1;
        ODL_FETCH_ENABLE = (1u << ODL_CORES) - 1;
    }
    for (;;) {
        while (self == 0 && !asked) {
        }
        odl_cluster_barrier();
        kernel *const run = kernels[request[0]];
        for (int i = 0; i < RUNS; i++) {
            odl_cluster_barrier();
            results[self] = request[1] >> self & 1 ? run() : 0;
        }
        odl_cluster_barrier();
        if (self == 0) {
            asked = 0;
        }
    }
}

void odl_session_trap(const char *line) {
    odl_platform_write(line, 80);
}
