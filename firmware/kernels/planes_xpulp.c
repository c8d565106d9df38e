/* Copies with zeros around and columns dealt out to phases, on PULP cores. */
#include "xpulp.h"

static void copy_halves(uint16_t *to, const uint16_t *from, int32_t step, int32_t n) {
    int32_t pairs = n >> 1, first, second;
    if (pairs && step == 1) {
        __asm__ volatile(XPULP_LOOP("%2", "2") XPULP_LW_4("%3", "%1") XPULP_SW_4("%3", "%0")
                         : "+r"(to), "+r"(from), "+r"(pairs), "=&r"(first)
                         :
                         : "memory");
    } else if (pairs) {
        __asm__ volatile(XPULP_LOOP("%2", "4") XPULP_LH("%3", "%1", "%5") XPULP_LH("%4", "%1", "%5")
                             XPULP_SH("%3", "%0", "%6") XPULP_SH("%4", "%0", "%6")
                         : "+r"(to), "+r"(from), "+r"(pairs), "=&r"(first), "=&r"(second)
                         : "r"(2 * step), "r"(2)
                         : "memory");
    }
    if (n & 1) {
        *to = *from;
    }
}

static void copy_words(uint32_t *to, const uint32_t *from, int32_t step, int32_t n) {
    int32_t value;
    __asm__ volatile(XPULP_LOOP("%2", "2") XPULP_LW("%3", "%1", "%4") XPULP_SW_4("%3", "%0")
                     : "+r"(to), "+r"(from), "+r"(n), "=&r"(value)
                     : "r"(4 * step)
                     : "memory");
}

#define T uint16_t
#define COPY copy_halves
#define NAME odl_planes_b16_xpulp
#define NAME_(part) odl_planes_b16_xpulp_##part
#include "planes_xpulp.inc"
#undef COPY
#undef NAME
#undef NAME_
#undef T

#define T uint32_t
#define COPY copy_words
#define NAME odl_planes_b32_xpulp
#define NAME_(part) odl_planes_b32_xpulp_##part
#include "planes_xpulp.inc"
