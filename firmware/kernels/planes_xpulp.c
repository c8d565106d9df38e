/* Copies with zeros around and columns dealt out to phases, on PULP cores. */
#include "xpulp.h"

/* Zeros, two words at a time; `to` may stand on an odd half. */
static void clear(uint16_t *to, int32_t bytes) {
    const int32_t turns = bytes >> 3;
    if (turns) {
        __asm__ volatile(XPULP_LOOP("%1", "2") XPULP_SW_4("zero", "%0") XPULP_SW_4("zero", "%0")
                         : "+&r"(to)
                         : "r"(turns)
                         : "memory");
    }
    for (int32_t left = bytes & 7; left > 0; left -= 2) {
        *to++ = 0;
    }
}

/* `rows` rows of `n` times what `move`, two instructions, does, each followed by `tail`. */
#define COPY_ROWS(move, tail, length)                                                              \
    __asm__ volatile(XPULP_PUSH_WIDE XPULP_OUTER_LOOP("%[rows]", "5+" length)                      \
                         XPULP_LOOP("%[n]", "2") move tail                                         \
                     "add %[to], %[to], %[to_next]\nadd %[from], %[from], %[from_next]\n"          \
                     ".option pop\n"                                                               \
                     : [to] "+&r"(to), [from] "+&r"(from), [value] "=&r"(value)                    \
                     : [rows] "r"(rows), [n] "r"(n), [size] "r"(size), [step] "r"(step),           \
                       [to_next] "r"(to_next), [from_next] "r"(from_next)                          \
                     : "memory")
#define MOVE_WORD                                                                                  \
    XPULP_LW("%[value]", "%[from]", "%[step]") XPULP_SW("%[value]", "%[to]", "%[size]")
#define MOVE_HALF                                                                                  \
    XPULP_LH("%[value]", "%[from]", "%[step]") XPULP_SH("%[value]", "%[to]", "%[size]")

static void copy_halves(void *to, const void *from, int32_t step, int32_t n, int32_t rows,
                        int32_t to_next, int32_t from_next) {
    int32_t value, size = 2;
    to_next -= 2 * n;
    from_next -= 2 * n * step;
    if (step > 1 || n == 1) {
        step *= 2;
        COPY_ROWS(MOVE_HALF, "", "0");
        return;
    }
    step = size = 4;
    if (n & 1) {
        n >>= 1;
        COPY_ROWS(MOVE_WORD,
                  "lhu %[value], 0(%[from])\naddi %[from], %[from], 2\n"
                  "sh %[value], 0(%[to])\naddi %[to], %[to], 2\n",
                  "4");
    } else {
        n >>= 1;
        COPY_ROWS(MOVE_WORD, "", "0");
    }
}

static void copy_words(void *to, const void *from, int32_t step, int32_t n, int32_t rows,
                       int32_t to_next, int32_t from_next) {
    int32_t value, size = 4;
    to_next -= 4 * n;
    step *= 4;
    from_next -= n * step;
    COPY_ROWS(MOVE_WORD, "", "0");
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
