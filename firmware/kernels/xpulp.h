/*
 * Instructions of PULP cores that no stock compiler knows, by their encoding; half precision lies
 * in pairs in integer registers. The texts take names of asm operands.
 */
#ifndef ODL_XPULP_H
#define ODL_XPULP_H

#include <stdint.h>

#include "odl/kernels.h"

/* rd = M[rs1]; rs1 += step, a register: all loads sign-extend. */
#define XPULP_LW(rd, rs1, step) ".insn r 0x0b, 7, 0x10, " rd ", " rs1 ", " step "\n"
#define XPULP_LH(rd, rs1, step) ".insn r 0x0b, 7, 0x08, " rd ", " rs1 ", " step "\n"

/* rd[i] = rs1[i] * rs2[i] + rd[i], with rs2[0] for both in the form R; and the same for singles. */
#define XPULP_MAC(rd, rs1, rs2) ".insn r 0x33, 2, 0x48, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MAC_R(rd, rs1, rs2) ".insn r 0x33, 6, 0x48, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_ADD(rd, rs1, rs2) ".insn r 0x33, 2, 0x41, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MIN(rd, rs1, rs2) ".insn r 0x33, 2, 0x45, " rd ", " rs1 ", " rs2 "\n"
#define XPULP_MAC_S(rd, rs1, rs2) "fmadd.s " rd ", " rs1 ", " rs2 ", " rd "\n"

/* Relu: the smaller of v and 0, exclusively or'ed into v, which lets NaN through. */
#define XPULP_RELU(v, spare) XPULP_MIN(spare, v, "zero") "xor " v ", " v ", " spare "\n"
#define XPULP_RELU_S(v, spare) "fmin.s " spare ", " v ", zero\nxor " v ", " v ", " spare "\n"

/* rd = M[rs1 + rs2]. */
#define XPULP_LW_AT(rd, rs1, rs2) ".insn r 0x03, 7, 0x10, " rd ", " rs1 ", " rs2 "\n"

#define XPULP_LW_4(rd, rs1) ".insn i 0x0b, 2, " rd ", 4(" rs1 ")\n"
#define XPULP_SW_4(rs2, rs1) ".insn s 0x2b, 2, " rs2 ", 4(" rs1 ")\n"
#define XPULP_SH(rs2, rs1, step) ".insn r 0x2b, 5, 0, " step ", " rs1 ", " rs2 "\n"
#define XPULP_SW(rs2, rs1, step) ".insn r 0x2b, 6, 0, " step ", " rs1 ", " rs2 "\n"

/* No compressed instructions from a word boundary on; a gap after .option norvc may be no code. */
#define XPULP_PUSH_WIDE ".balign 4\n.option push\n.option norvc\n"

/*
 * Hardware loop 0: repeat the next `n` instructions `count` (a register, at least 1) times. They
 * must be 4 bytes each, which those by encoding are, and stand on a word boundary.
 */
#define XPULP_LOOP(count, n) ".balign 4\n.insn i 0x7b, 4, x0, " count ", 2 * (" n ")\n"
#define XPULP_OUTER_LOOP(count, n) ".balign 4\n.insn i 0x7b, 4, x1, " count ", 2 * (" n ")\n"

/* Two halves. */
typedef uint32_t odl_pair;

static inline odl_pair odl_pair_of(_Float16 low, _Float16 high) {
    const union {
        _Float16 half[2];
        odl_pair both;
    } v = {{low, high}};
    return v.both;
}

static inline _Float16 odl_pair_low(odl_pair v) {
    const union {
        odl_pair both;
        _Float16 half[2];
    } u = {v};
    return u.half[0];
}

static inline _Float16 odl_pair_high(odl_pair v) {
    return odl_pair_low(v >> 16);
}

static inline uint32_t odl_bits_of(float value) {
    const union {
        float single;
        uint32_t bits;
    } v = {value};
    return v.bits;
}

/* How many of `left` rows the next block takes: up to 4, and 3 where 4 would leave a single one. */
static inline int32_t odl_block_size(int32_t left) {
    const int is_odd = (left & 3) == 1 || left == 6;
    return left < 4 ? left : is_odd ? 3 : 4;
}

/* A pair that may stand on an odd half; the core splits such an access in two. */
static inline odl_pair odl_pair_load(const void *from) {
    odl_pair v;
    __asm__ volatile("lw %0, 0(%1)" : "=r"(v) : "r"(from) : "memory");
    return v;
}

static inline void odl_pair_store(void *to, odl_pair v) {
    __asm__ volatile("sw %0, 0(%1)" ::"r"(v), "r"(to) : "memory");
}

/* A copy of words, and of a half behind them. */
static inline void odl_copy_row(void *to, const void *from, int32_t bytes) {
    const char *x = from;
    char *y = to;
    const int32_t pairs = bytes >> 3, rest = bytes & 7;
    uint32_t a, b;
    if (pairs) {
        __asm__ volatile(XPULP_LOOP("%[n]", "4") XPULP_LW_4("%[a]", "%[x]")
                             XPULP_LW_4("%[b]", "%[x]") XPULP_SW_4("%[a]", "%[y]")
                                 XPULP_SW_4("%[b]", "%[y]")
                         : [x] "+&r"(x), [y] "+&r"(y), [a] "=&r"(a), [b] "=&r"(b)
                         : [n] "r"(pairs)
                         : "memory");
    }
    if (rest & 4) {
        odl_pair_store(y, odl_pair_load(x));
        x += 4;
        y += 4;
    }
    if (rest & 2) {
        *(_Float16 *)(void *)y = *(const _Float16 *)(const void *)x;
    }
}

/* From the end of a segment to the start of the next. */
struct odl_leap {
    int32_t a, b;
};

/* What becomes of sums: they are added to y; what is negative then is 0. */
#define ODL_ADDED 1
#define ODL_RELU 2

/* Blocks of one size in a row; xpulp_strip.inc knows the fields' places. Bytes. */
struct odl_strip {
    const void *a, *b; /* of the first block */
    void *y;
    int32_t k, blocks;                   /* steps of a segment; blocks left */
    int32_t row, a_step, column, b_step; /* from row to row, step to step; likewise of b */
    int32_t y_row, y_column;             /* of y */
    const void **moving;                 /* a or b, which the next block has another part of */
    int32_t block, y_block;              /* how far that is on, and of y */
    int32_t ends;                        /* ODL_ADDED and ODL_RELU */
    const struct odl_leap *leaps;        /* one behind each segment, the last one too */
    int32_t segments;                    /* at least 1 */
    odl_pair start[4];                   /* each row's sums before the first step */
};

/* y = a b or y += a b; steps in bytes but y's, from row to row, column to column and step to step.
 */
struct odl_product {
    const void *a, *b;
    void *y;
    int32_t k;
    int32_t a_row, a_step;    /* of one register to the next */
    int32_t b_column, b_step; /* likewise */
    int32_t y_row;            /* in elements */
    int32_t ends;             /* as of a strip */
    const void *bias;         /* of rows, each bias_row elements behind the last; NULL: none */
    int32_t bias_row;
};

/* Whether a bias is the same all along a row, so that sums can start from it. */
static inline int odl_is_row_bias(const struct odl_matmul *p) {
    return p->bias && p->bias_stride[1] == 0 && p->beta == 1;
}

/* Whether something stands in y before the sums are there. */
static inline int odl_is_added(const struct odl_matmul *p) {
    return p->addend || (p->bias && !odl_is_row_bias(p));
}

/* The product of two matrices of p, of elements of `size` bytes, one to a register. */
static inline struct odl_product odl_product_of(const struct odl_matmul *p, const void *a,
                                                const void *b, void *y, int32_t size) {
    return (struct odl_product){
        .a = a,
        .b = b,
        .y = y,
        .k = p->k,
        .a_row = size * p->a_stride[0],
        .a_step = size * p->a_stride[1],
        .b_column = size * p->b_stride[1],
        .b_step = size * p->b_stride[0],
        .y_row = p->n,
        .ends = (odl_is_added(p) ? ODL_ADDED : 0) | (p->relu ? ODL_RELU : 0),
        .bias = odl_is_row_bias(p) ? p->bias : 0,
        .bias_row = p->bias_stride[0],
    };
}

#define ODL_HALF_SUM 96

/* How many steps of k a sum takes on in half precision: about 64, and always the same number. */
static inline int32_t odl_even_steps(int32_t k) {
    const int32_t blocks = (k + 32) / 64;
    return blocks > 1 ? (k + blocks - 1) / blocks : k;
}

/* The part of an m x n result that a core computes. */
struct odl_part {
    struct odl_range rows, columns;
};

static inline struct odl_range odl_share(int32_t n, int32_t unit, int32_t self, int32_t of) {
    const int32_t units = (n + unit - 1) / unit;
    const int32_t begin = odl_over(units * self, of) * unit;
    const int32_t end = odl_over(units * (self + 1), of) * unit;
    return (struct odl_range){begin, end < n ? end : n};
}

/* n / of, of being 2 to the power of `shift` unless that is negative; n is not. */
static inline int32_t odl_shifted(int32_t n, int32_t of, int32_t shift) {
    return shift >= 0 ? n >> shift : n / of;
}

/* Split by rows and columns, in blocks of `rows` x `columns`, so that the largest part is least. */
static inline struct odl_part odl_grid(int32_t m, int32_t n, int32_t rows, int32_t columns,
                                       struct odl_core core) {
    const int32_t down = (int32_t)(((uint32_t)m + (uint32_t)rows - 1) / (uint32_t)rows);
    const int32_t across = (int32_t)(((uint32_t)n + (uint32_t)columns - 1) / (uint32_t)columns);
    const int32_t all = down * across;
    /* How often the number of cores, of which there are up to 8, is even. */
    const int32_t even = core.count & 1 ? 0 : core.count & 2 ? 1 : core.count & 4 ? 2 : 3;
    int32_t best = 0, least = all;
    const int32_t power = 1 << even == core.count ? even : -1;
    for (int32_t s = even; s >= 0 && least * core.count > all; s--) {
        const int32_t others = core.count >> s;
        const int32_t most =
            ((down + (1 << s) - 1) >> s) * odl_shifted(across + others - 1, others, power - s);
        if (most < least) { /* long rows make long strips */
            best = s;
            least = most;
        }
    }
    const int32_t others = core.count >> best, i = core.id & ((1 << best) - 1);
    const int32_t j = core.id >> best;
    const int32_t bottom = (down * (i + 1) >> best) * rows;
    const int32_t right = odl_shifted(across * (j + 1), others, power - best) * columns;
    return (struct odl_part){
        {(down * i >> best) * rows, bottom < m ? bottom : m},
        {odl_shifted(across * j, others, power - best) * columns, right < n ? right : n},
    };
}

/* One axis of a sum: steps, and how far they are apart in a and in b, in elements. */
struct odl_axis {
    int32_t n, a, b;
};

/*
 * How the positions of an axis in b are dealt out to phases, so many elements long: a step is
 * `dilation` positions. Not at all with one phase.
 */
struct odl_deal {
    int32_t phases, phase, dilation;
};

/*
 * The share of `core` of work of which `all` is the cost. Cores whose ids are equal modulo 4 share
 * an FPU: their shares are neighbours, so that it is FPUs that get even loads.
 */
static inline struct odl_range odl_even_share(int32_t all, struct odl_core core) {
    const int32_t fpu = core.id & 3, whole = core.count >> 2, rest = core.count & 3;
    const int32_t turn = fpu * whole + (fpu < rest ? fpu : rest) + (core.id >> 2);
    return (struct odl_range){
        odl_over(all * turn, core.count),
        odl_over(all * (turn + 1), core.count),
    };
}

/* Two halves wherever they stand: what loops load that a compiler may schedule. */
typedef uint32_t __attribute__((aligned(2), may_alias)) odl_loose_pair;

static inline odl_pair odl_pair_at(const _Float16 *from) {
    odl_pair v;
    __asm__("lw %0, %1" : "=r"(v) : "m"(*(const odl_loose_pair *)(const void *)from));
    return v;
}

/* sum + x * w, lane by lane; and with the same w for both. */
static inline odl_pair odl_pair_mac(odl_pair sum, odl_pair x, odl_pair w) {
    __asm__(XPULP_MAC("%0", "%1", "%2") : "+r"(sum) : "r"(x), "r"(w));
    return sum;
}

static inline odl_pair odl_pair_mac_one(odl_pair sum, odl_pair x, odl_pair w) {
    __asm__(XPULP_MAC_R("%0", "%1", "%2") : "+r"(sum) : "r"(x), "r"(w));
    return sum;
}

static inline odl_pair odl_pair_positive(odl_pair v) {
    odl_pair spare;
    __asm__(XPULP_RELU("%0", "%1") : "+r"(v), "=&r"(spare));
    return v;
}

static inline odl_pair odl_pair_add(odl_pair a, odl_pair b) {
    __asm__(XPULP_ADD("%0", "%0", "%1") : "+r"(a) : "r"(b));
    return a;
}

#endif
