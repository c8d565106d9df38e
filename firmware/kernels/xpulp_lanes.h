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
#define XPULP_LBU(rd, rs1, step) ".insn r 0x0b, 7, 0x20, " rd ", " rs1 ", " step "\n"

/* For each of two halves; comparisons give 1 or 0. PACK rounds two singles. */
#define XPULP_SUB(rd, rs1, rs2) ".insn r 0x33, 2, 0x42, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MUL(rd, rs1, rs2) ".insn r 0x33, 2, 0x43, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MAX(rd, rs1, rs2) ".insn r 0x33, 2, 0x46, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_LESS(rd, rs1, rs2) ".insn r 0x33, 2, 0x52, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_PACK(rd, rs1, rs2) ".insn r 0x33, 2, 0x58, " rd ", " rs1 ", " rs2 "\n"

/* rd += rs1 * rs2, of integers, which takes a cycle less than a product. */
#define XPULP_MAC_WORD(rd, rs1, rs2) ".insn r 0x33, 0, 0x21, " rd ", " rs1 ", " rs2 "\n"

/* Instructions of stock cores, all of 4 bytes in a hardware loop. */
#define XPULP_WIDE(text) XPULP_PUSH_WIDE text ".option pop\n"
#define XPULP_OP(name, rd, rs1, rs2) name " " rd ", " rs1 ", " rs2 "\n"

/* A half as a single, and back. */
#define XPULP_WIDEN(v) "fcvt.s.h " v ", " v "\n"
#define XPULP_NARROW(v) "fcvt.h.s " v ", " v "\n"

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
 * read %[c] and %[d], and write %[t]. LENGTH is the number of all instructions for one lane.
 */
#define ODL_LANES(NAME, LOAD_A, LOAD_B, FIRST, SECOND, STORE, LENGTH)                              \
    static void NAME(const struct odl_lanes *lanes) {                                              \
        const void *a = lanes->a, *b = lanes->b;                                                   \
        void *y = lanes->y;                                                                        \
        uint32_t a0, a1, a2, a3, b0, b1, b2, b3, t;                                                \
        if (lanes->n >= 4) {                                                                       \
            __asm__ volatile(                                                                      \
                XPULP_LOOP("%[n]", XPULP_TEXT(4 * (LENGTH))) XPULP_WIDE(                           \
                    LOAD_A("%[a0]", "%[a]", "%[a_step]") LOAD_A("%[a1]", "%[a]", "%[a_step]")      \
                        LOAD_A("%[a2]", "%[a]", "%[a_step]") LOAD_A("%[a3]", "%[a]", "%[a_step]")  \
                            LOAD_B("%[b0]", "%[b]", "%[b_step]") LOAD_B(                           \
                                "%[b1]", "%[b]", "%[b_step]") LOAD_B("%[b2]", "%[b]", "%[b_step]") \
                                LOAD_B("%[b3]", "%[b]", "%[b_step]") FIRST("%[a0]", "%[b0]")       \
                                    FIRST("%[a1]", "%[b1]") FIRST("%[a2]", "%[b2]")                \
                                        FIRST("%[a3]", "%[b3]") SECOND("%[a0]", "%[b0]")           \
                                            SECOND("%[a1]", "%[b1]") SECOND("%[a2]", "%[b2]")      \
                                                SECOND("%[a3]", "%[b3]") STORE("%[a0]", "%[y]",    \
                                                                               "%[y_step]")        \
                                                    STORE("%[a1]", "%[y]", "%[y_step]")            \
                                                        STORE("%[a2]", "%[y]", "%[y_step]")        \
                                                            STORE("%[a3]", "%[y]", "%[y_step]"))   \
                : [a] "+r"(a), [b] "+r"(b), [y] "+r"(y), [a0] "=&r"(a0), [a1] "=&r"(a1),           \
                  [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1), [b2] "=&r"(b2),  \
                  [b3] "=&r"(b3), [t] "=&r"(t)                                                     \
                : [n] "r"(lanes->n / 4), [a_step] "r"(lanes->a_step), [b_step] "r"(lanes->b_step), \
                  [y_step] "r"(lanes->y_step), [c] "r"(lanes->c), [d] "r"(lanes->d)                \
                : "memory");                                                                       \
        }                                                                                          \
        if (lanes->n & 3) {                                                                        \
            __asm__ volatile(                                                                      \
                XPULP_LOOP("%[n]", XPULP_TEXT(LENGTH)) XPULP_WIDE(                                 \
                    LOAD_A("%[a0]", "%[a]", "%[a_step]") LOAD_B("%[b0]", "%[b]", "%[b_step]")      \
                        FIRST("%[a0]", "%[b0]") SECOND("%[a0]", "%[b0]")                           \
                            STORE("%[a0]", "%[y]", "%[y_step]"))                                   \
                : [a] "+r"(a), [b] "+r"(b), [y] "+r"(y), [a0] "=&r"(a0), [b0] "=&r"(b0),           \
                  [t] "=&r"(t)                                                                     \
                : [n] "r"(lanes->n & 3), [a_step] "r"(lanes->a_step), [b_step] "r"(lanes->b_step), \
                  [y_step] "r"(lanes->y_step), [c] "r"(lanes->c), [d] "r"(lanes->d)                \
                : "memory");                                                                       \
        }                                                                                          \
    }

#define ODL_ALWAYS static inline __attribute__((always_inline))

/*
 * How to run over lanes whose steps are given in elements, by two bodies: one of words, or pairs,
 * and one of halves.
 */
typedef void odl_lanes_way(odl_lanes_run *words, odl_lanes_run *halves, struct odl_lanes lanes);

ODL_ALWAYS struct odl_lanes odl_lanes_in_bytes(struct odl_lanes lanes, int32_t size,
                                               int32_t y_size) {
    lanes.a_step *= size;
    lanes.b_step *= size;
    lanes.y_step *= y_size;
    return lanes;
}

ODL_ALWAYS void odl_by_words(odl_lanes_run *words, odl_lanes_run *halves, struct odl_lanes lanes) {
    (void)halves;
    lanes = odl_lanes_in_bytes(lanes, 4, 4);
    words(&lanes);
}

ODL_ALWAYS void odl_by_halves(odl_lanes_run *pairs, odl_lanes_run *halves, struct odl_lanes lanes) {
    (void)pairs;
    lanes = odl_lanes_in_bytes(lanes, 2, 2);
    halves(&lanes);
}

/* Halves in pairs where they are dense or all the same; the last of an odd number alone. */
ODL_ALWAYS void odl_by_pairs(odl_lanes_run *pairs, odl_lanes_run *halves, struct odl_lanes lanes) {
    struct odl_lanes one = odl_lanes_in_bytes(lanes, 2, 2);
    if ((uint32_t)lanes.a_step > 1 || (uint32_t)lanes.b_step > 1 || lanes.y_step != 1) {
        halves(&one);
        return;
    }
    const int32_t last = lanes.n - 1;
    if (last > 0) {
        lanes.n = lanes.n / 2;
        lanes = odl_lanes_in_bytes(lanes, 4, 4);
        pairs(&lanes);
    }
    if ((last & 1) == 0) {
        one.a = (const char *)one.a + last * one.a_step;
        one.b = (const char *)one.b + last * one.b_step;
        one.y = (char *)one.y + last * one.y_step;
        one.n = 1;
        halves(&one);
    }
}

/* What a loop nest is for an operand, of elements of `size` bytes; dense where stride is NULL. */
struct odl_lane_operand {
    const int32_t *stride;
    int32_t size;
};

/* Whether a nest is a single row, as most are. */
static inline int odl_nest_is_row(const int32_t dims[ODL_RANK]) {
    return (dims[0] | dims[1] | dims[2] | dims[3] | dims[4]) == 1;
}

/* One element near by, twice if it is a half, for lanes that do not move: it may lie in L2. */
ODL_ALWAYS uint32_t odl_lane_same(const void *from, int32_t size) {
    return size == 4 ? *(const uint32_t *)from : *(const uint16_t *)from * 0x10001u;
}

/* n elements of a row from places a, b and y on. */
ODL_ALWAYS void odl_lanes_from(struct odl_lanes lanes, int32_t a, int32_t b, int32_t y, int32_t n,
                               int32_t size, int32_t y_size, odl_lanes_way *way,
                               odl_lanes_run *words, odl_lanes_run *halves) {
    uint32_t same[2];
    lanes.a = (const char *)lanes.a + a * size;
    lanes.y = (char *)lanes.y + y * y_size;
    lanes.n = n;
    if (lanes.a_step == 0) {
        same[0] = odl_lane_same(lanes.a, size);
        lanes.a = &same[0];
    }
    if (lanes.b) {
        lanes.b = (const char *)lanes.b + b * size;
        if (lanes.b_step == 0) {
            same[1] = odl_lane_same(lanes.b, size);
            lanes.b = &same[1];
        }
    }
    way(words, halves, lanes);
}

/* A core's share of the nest dims, in whole words; the operands are a, b and y. */
ODL_ALWAYS void odl_lanes_of_nest(const int32_t dims[ODL_RANK], struct odl_lanes lanes,
                                  struct odl_lane_operand a, struct odl_lane_operand b,
                                  struct odl_lane_operand y, struct odl_core core, int is_row,
                                  odl_lanes_way *way, odl_lanes_run *words, odl_lanes_run *halves) {
    const int32_t last = ODL_RANK - 1, width = dims[last];
    struct odl_range r =
        odl_share(is_row ? width : odl_nest_size(dims), 4 / a.size, core.id, core.count);
    lanes.a_step = a.stride[last];
    lanes.b_step = b.stride ? b.stride[last] : 0;
    lanes.y_step = y.stride ? y.stride[last] : 1;
    if (is_row) {
        if (r.begin < r.end) {
            odl_lanes_from(lanes, r.begin * lanes.a_step, r.begin * lanes.b_step,
                           r.begin * lanes.y_step, r.end - r.begin, a.size, y.size, way, words,
                           halves);
        }
        return;
    }
    int32_t i[ODL_RANK];
    odl_nest_seek(i, dims, r.begin);
    while (r.begin < r.end) {
        const int32_t left = r.end - r.begin, rest = width - i[last];
        const int32_t n = rest < left ? rest : left;
        const int32_t at_b = b.stride ? odl_nest_offset(i, b.stride) : 0;
        const int32_t at_y = y.stride ? odl_nest_offset(i, y.stride) : r.begin;
        odl_lanes_from(lanes, odl_nest_offset(i, a.stride), at_b, at_y, n, a.size, y.size, way,
                       words, halves);
        odl_nest_advance(i, dims, n);
        r.begin += n;
    }
}

/* The kernel NAME, whose BODY sees its arguments p, core and is_row: rows need few registers. */
#define ODL_NEST_KERNEL(NAME, ARGS, BODY)                                                          \
    ODL_ALWAYS void NAME##_body(const struct ARGS *p, struct odl_core core, int is_row) {          \
        BODY;                                                                                      \
    }                                                                                              \
    static __attribute__((noinline)) void NAME##_nest(const void *args, struct odl_core core) {    \
        NAME##_body(args, core, 0);                                                                \
    }                                                                                              \
    void NAME(const void *args, struct odl_core core) {                                            \
        if (odl_nest_is_row(((const struct ARGS *)args)->dims)) {                                  \
            NAME##_body(args, core, 1);                                                            \
        } else {                                                                                   \
            NAME##_nest(args, core);                                                               \
        }                                                                                          \
    }

#endif
