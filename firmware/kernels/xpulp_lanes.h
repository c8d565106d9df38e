/*
 * Element by element on PULP cores: loops of four words, or halves, that are written as texts of
 * instructions. ODL_LANES(NAME, ...) defines NAME(lanes), which does y[i] = f(a[i], b[i]).
 */
#ifndef ODL_XPULP_LANES_H
#define ODL_XPULP_LANES_H

#include "nest.h"
#include "xpulp.h"

/* M[rs1] = rs2; rs1 += step, a register: words, halves, bytes; and a load of bytes. */
#define XPULP_SW(rs2, rs1, step) ".insn r 0x2b, 6, 0, " step ", " rs1 ", " rs2 "\n"
#define XPULP_SH(rs2, rs1, step) ".insn r 0x2b, 5, 0, " step ", " rs1 ", " rs2 "\n"
#define XPULP_SB(rs2, rs1, step) ".insn r 0x2b, 4, 0, " step ", " rs1 ", " rs2 "\n"

/* For each of two halves; comparisons give 1 or 0. PACK rounds two singles. */
#define XPULP_SUB(rd, rs1, rs2) ".insn r 0x33, 2, 0x42, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MUL(rd, rs1, rs2) ".insn r 0x33, 2, 0x43, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MIN(rd, rs1, rs2) ".insn r 0x33, 2, 0x45, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MAX(rd, rs1, rs2) ".insn r 0x33, 2, 0x46, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_LESS(rd, rs1, rs2) ".insn r 0x33, 2, 0x52, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_PACK(rd, rs1, rs2) ".insn r 0x33, 2, 0x58, " rd ", " rs1 ", " rs2 "\n"

/* Instructions of stock cores, all of 4 bytes in a hardware loop. */
#define XPULP_WIDE(text) ".option push\n.option norvc\n" text ".option pop\n"
#define XPULP_OP(name, rd, rs1, rs2) name " " rd ", " rs1 ", " rs2 "\n"

/* A number as the assembler sees it. */
#define XPULP_TEXT_OF(...) #__VA_ARGS__
#define XPULP_TEXT(...) XPULP_TEXT_OF(__VA_ARGS__)

/* No load; no second part. */
#define XPULP_NO_LOAD(rd, rs1, step) ""
#define XPULP_NO_OP(a, b) ""

/* Where lanes stand, from one to the next in bytes, and two constants of the function. */
struct odl_lanes {
    const void *a, *b;
    void *y;
    int32_t n, a_step, b_step, y_step;
    uint32_t c, d;
};
typedef void odl_lanes_run(const struct odl_lanes *lanes);

/*
 * FIRST(a, b) and then SECOND(a, b) turn the register a, with b at hand, into the result; they may
 * read %[c] and %[d]. LENGTH is the number of all instructions for one lane.
 */
#define ODL_LANES(NAME, LOAD_A, LOAD_B, FIRST, SECOND, STORE, LENGTH)                              \
    static void NAME(const struct odl_lanes *lanes) {                                              \
        const void *a = lanes->a, *b = lanes->b;                                                   \
        void *y = lanes->y;                                                                        \
        uint32_t a0, a1, a2, a3, b0, b1, b2, b3;                                                   \
        if (lanes->n >= 4) {                                                                       \
            __asm__ volatile(                                                                      \
                XPULP_LOOP("%[n]", XPULP_TEXT(4 * (LENGTH))) XPULP_WIDE(                                       \
                    LOAD_A("%[a0]", "%[a]", "%[a_step]") LOAD_A("%[a1]", "%[a]", "%[a_step]")      \
                    LOAD_A("%[a2]", "%[a]", "%[a_step]") LOAD_A("%[a3]", "%[a]", "%[a_step]")      \
                    LOAD_B("%[b0]", "%[b]", "%[b_step]") LOAD_B("%[b1]", "%[b]", "%[b_step]")      \
                    LOAD_B("%[b2]", "%[b]", "%[b_step]") LOAD_B("%[b3]", "%[b]", "%[b_step]")      \
                    FIRST("%[a0]", "%[b0]") FIRST("%[a1]", "%[b1]")                                \
                    FIRST("%[a2]", "%[b2]") FIRST("%[a3]", "%[b3]")                                \
                    SECOND("%[a0]", "%[b0]") SECOND("%[a1]", "%[b1]")                              \
                    SECOND("%[a2]", "%[b2]") SECOND("%[a3]", "%[b3]")                              \
                    STORE("%[a0]", "%[y]", "%[y_step]") STORE("%[a1]", "%[y]", "%[y_step]")        \
                    STORE("%[a2]", "%[y]", "%[y_step]") STORE("%[a3]", "%[y]", "%[y_step]"))       \
                : [a] "+r"(a), [b] "+r"(b), [y] "+r"(y), [a0] "=&r"(a0), [a1] "=&r"(a1),           \
                  [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1), [b2] "=&r"(b2),  \
                  [b3] "=&r"(b3)                                                                   \
                : [n] "r"(lanes->n / 4), [a_step] "r"(lanes->a_step), [b_step] "r"(lanes->b_step), \
                  [y_step] "r"(lanes->y_step), [c] "r"(lanes->c), [d] "r"(lanes->d)                \
                : "memory");                                                                       \
        }                                                                                          \
        if (lanes->n & 3) {                                                                        \
            __asm__ volatile(                                                                      \
                XPULP_LOOP("%[n]", XPULP_TEXT(LENGTH))                                                         \
                    XPULP_WIDE(LOAD_A("%[a0]", "%[a]", "%[a_step]")                                \
                                   LOAD_B("%[b0]", "%[b]", "%[b_step]") FIRST("%[a0]", "%[b0]")    \
                                       SECOND("%[a0]", "%[b0]")                                    \
                                           STORE("%[a0]", "%[y]", "%[y_step]"))                    \
                : [a] "+r"(a), [b] "+r"(b), [y] "+r"(y), [a0] "=&r"(a0), [b0] "=&r"(b0)            \
                : [n] "r"(lanes->n & 3), [a_step] "r"(lanes->a_step), [b_step] "r"(lanes->b_step), \
                  [y_step] "r"(lanes->y_step), [c] "r"(lanes->c), [d] "r"(lanes->d)                \
                : "memory");                                                                       \
        }                                                                                          \
    }

#define ODL_ALWAYS static inline __attribute__((always_inline))

/*
 * n halves, whose steps are given in elements: two at a time where they are dense or all the same,
 * the last of an odd number alone. `pairs` and `halves` do the same.
 */
ODL_ALWAYS void odl_run_halves(odl_lanes_run *pairs, odl_lanes_run *halves,
                               struct odl_lanes lanes) {
    const int32_t n = lanes.n;
    struct odl_lanes one = lanes;
    one.a_step *= 2;
    one.b_step *= 2;
    one.y_step *= 2;
    if ((uint32_t)lanes.a_step > 1 || (uint32_t)lanes.b_step > 1 || lanes.y_step != 1) {
        halves(&one);
        return;
    }
    odl_pair both[2];
    if (lanes.a_step == 0) {
        both[0] = *(const uint16_t *)lanes.a * 0x10001u;
        lanes.a = &both[0];
    }
    if (lanes.b_step == 0 && lanes.b) {
        both[1] = *(const uint16_t *)lanes.b * 0x10001u;
        lanes.b = &both[1];
    }
    lanes.n = n / 2;
    lanes.a_step *= 4;
    lanes.b_step *= 4;
    lanes.y_step = 4;
    pairs(&lanes);
    if (n & 1) {
        one.a = (const uint16_t *)one.a + (n - 1) * (one.a_step / 2);
        one.b = (const uint16_t *)one.b + (n - 1) * (one.b_step / 2);
        one.y = (uint16_t *)one.y + (n - 1);
        one.n = 1;
        halves(&one);
    }
}

/* The same of words. */
ODL_ALWAYS void odl_run_words(odl_lanes_run *words, odl_lanes_run *unused, struct odl_lanes lanes) {
    (void)unused;
    lanes.a_step *= 4;
    lanes.b_step *= 4;
    lanes.y_step *= 4;
    words(&lanes);
}

#endif
