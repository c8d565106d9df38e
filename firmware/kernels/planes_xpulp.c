/* Copies with zeros around and columns dealt out to phases, on PULP cores. */
#include "xpulp.h"

/* Zeros, two words at a time; `to` may stand on an odd half. */
static void clear(uint16_t *to, int32_t bytes) {
    const int32_t turns = bytes >> 3;
    if (turns) {
        __asm__ volatile(XPULP_LOOP("%1", "2") XPULP_SW_4("zero", "%0") XPULP_SW_4("zero", "%0")
                         : "+r"(to)
                         : "r"(turns)
                         : "memory");
    }
    for (int32_t left = bytes & 7; left > 0; left -= 2) {
        *to++ = 0;
    }
}

static inline void copy_halves(uint16_t *to, const uint16_t *from, int32_t step, int32_t n) {
    uint32_t first, second;
    if (step == 1 && n >= 4) {
        __asm__ volatile(XPULP_LOOP("%4", "4") XPULP_LW_4("%2", "%1") XPULP_LW_4("%3", "%1")
                             XPULP_SW_4("%2", "%0") XPULP_SW_4("%3", "%0")
                         : "+r"(to), "+r"(from), "=&r"(first), "=&r"(second)
                         : "r"(n >> 2)
                         : "memory");
        n &= 3;
    } else if (n >= 2) {
        __asm__ volatile(XPULP_LOOP("%4", "4") XPULP_LH("%2", "%1", "%5") XPULP_LH("%3", "%1", "%5")
                             XPULP_SH("%2", "%0", "%6") XPULP_SH("%3", "%0", "%6")
                         : "+r"(to), "+r"(from), "=&r"(first), "=&r"(second)
                         : "r"(n >> 1), "r"(2 * step), "r"(2)
                         : "memory");
        n &= 1;
    }
    for (; n > 0; n--, from += step) {
        *to++ = *from;
    }
}

static inline void copy_words(uint32_t *to, const uint32_t *from, int32_t step, int32_t n) {
    uint32_t value;
    __asm__ volatile(XPULP_LOOP("%3", "2") XPULP_LW("%2", "%1", "%4") XPULP_SW_4("%2", "%0")
                     : "+r"(to), "+r"(from), "=&r"(value)
                     : "r"(n), "r"(4 * step)
                     : "memory");
}

#define T uint16_t
#define COPY copy_halves
#define NAME odl_planes_b16_xpulp
#include "planes_xpulp.inc"
#undef COPY
#undef NAME
#undef T

#define T uint32_t
#define COPY copy_words
#define NAME odl_planes_b32_xpulp
#include "planes_xpulp.inc"
