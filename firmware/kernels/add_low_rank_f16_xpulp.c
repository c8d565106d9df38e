/*
 * A matrix with a change of rank 4 or 8 on PULP cores: a few columns of b stay in registers while
 * rows of w go by, so that a row costs little more than its products.
 */
#include "xpulp_lanes.h"

#define RANK_LOAD(v) XPULP_LH(v, "%[a]", "%[two]")
#define RANK_MUL(rd, rs1, rs2) ".insn r 0x33, 6, 0x43, " rd ", " rs1 ", " rs2 "\n"

/* The first of a block's rows of w and y, its columns of b, and how many rows there are. */
struct rank_rows {
    const _Float16 *w, *a, *b;
    _Float16 *y;
    int32_t count, n;
};

#define RANK_FOUR_BY_FOUR                                                                          \
    RANK_LOAD("%[a0]")                                                                             \
    RANK_LOAD("%[a1]")                                                                             \
    RANK_LOAD("%[a2]")                                                                             \
    RANK_LOAD("%[a3]")                                                                             \
    XPULP_LW("%[w0]", "%[w]", "%[four]")                                                           \
    XPULP_LW("%[w1]", "%[w]", "%[step]")                                                           \
    RANK_MUL("%[t0]", "%[b00]", "%[a0]")                                                           \
    RANK_MUL("%[t1]", "%[b01]", "%[a0]")                                                           \
    XPULP_MAC_R("%[t0]", "%[b10]", "%[a1]")                                                        \
    XPULP_MAC_R("%[t1]", "%[b11]", "%[a1]")                                                        \
    XPULP_MAC_R("%[t0]", "%[b20]", "%[a2]")                                                        \
    XPULP_MAC_R("%[t1]", "%[b21]", "%[a2]")                                                        \
    XPULP_MAC_R("%[t0]", "%[b30]", "%[a3]")                                                        \
    XPULP_MAC_R("%[t1]", "%[b31]", "%[a3]")                                                        \
    XPULP_ADD("%[t0]", "%[t0]", "%[w0]")                                                           \
    XPULP_ADD("%[t1]", "%[t1]", "%[w1]")                                                           \
    XPULP_SW("%[t0]", "%[y]", "%[four]")                                                           \
    XPULP_SW("%[t1]", "%[y]", "%[step]")

/* Rank 4, four columns. */
static void odl_add_low_rank_four(struct rank_rows r) {
    const _Float16 *b = r.b;
    const int32_t n = r.n;
    uint32_t a0, a1, a2, a3, w0, w1, t0, t1;
    __asm__ volatile(XPULP_LOOP("%[count]", "18") XPULP_WIDE(RANK_FOUR_BY_FOUR)
                     : [a] "+r"(r.a), [w] "+r"(r.w), [y] "+r"(r.y), [a0] "=&r"(a0), [a1] "=&r"(a1),
                       [a2] "=&r"(a2), [a3] "=&r"(a3), [w0] "=&r"(w0), [w1] "=&r"(w1),
                       [t0] "=&r"(t0), [t1] "=&r"(t1)
                     : [b00] "r"(odl_pair_at(b)), [b01] "r"(odl_pair_at(b + 2)),
                       [b10] "r"(odl_pair_at(b + n)), [b11] "r"(odl_pair_at(b + n + 2)),
                       [b20] "r"(odl_pair_at(b + 2 * n)), [b21] "r"(odl_pair_at(b + 2 * n + 2)),
                       [b30] "r"(odl_pair_at(b + 3 * n)), [b31] "r"(odl_pair_at(b + 3 * n + 2)),
                       [count] "r"(r.count), [two] "r"(2), [four] "r"(4), [step] "r"(2 * n - 4)
                     : "memory");
}

#define RANK_EIGHT_BY_TWO                                                                          \
    RANK_LOAD("%[a0]")                                                                             \
    RANK_LOAD("%[a1]")                                                                             \
    RANK_LOAD("%[a2]")                                                                             \
    RANK_LOAD("%[a3]")                                                                             \
    RANK_LOAD("%[a4]")                                                                             \
    RANK_LOAD("%[a5]")                                                                             \
    RANK_LOAD("%[a6]")                                                                             \
    RANK_LOAD("%[a7]")                                                                             \
    XPULP_LW("%[w0]", "%[w]", "%[step]")                                                           \
    RANK_MUL("%[t0]", "%[b0]", "%[a0]")                                                            \
    XPULP_MAC_R("%[t0]", "%[b1]", "%[a1]")                                                         \
    XPULP_MAC_R("%[t0]", "%[b2]", "%[a2]")                                                         \
    XPULP_MAC_R("%[t0]", "%[b3]", "%[a3]")                                                         \
    XPULP_MAC_R("%[t0]", "%[b4]", "%[a4]")                                                         \
    XPULP_MAC_R("%[t0]", "%[b5]", "%[a5]")                                                         \
    XPULP_MAC_R("%[t0]", "%[b6]", "%[a6]")                                                         \
    XPULP_MAC_R("%[t0]", "%[b7]", "%[a7]")                                                         \
    XPULP_ADD("%[t0]", "%[t0]", "%[w0]")                                                           \
    XPULP_SW("%[t0]", "%[y]", "%[step]")

/* Rank 8, two columns. */
static void odl_add_low_rank_eight(struct rank_rows r) {
    const _Float16 *b = r.b;
    const int32_t n = r.n;
    uint32_t a0, a1, a2, a3, a4, a5, a6, a7, w0, t0;
    __asm__ volatile(
        XPULP_LOOP("%[count]", "19") XPULP_WIDE(RANK_EIGHT_BY_TWO)
        : [a] "+r"(r.a), [w] "+r"(r.w), [y] "+r"(r.y), [a0] "=&r"(a0), [a1] "=&r"(a1),
          [a2] "=&r"(a2), [a3] "=&r"(a3), [a4] "=&r"(a4), [a5] "=&r"(a5), [a6] "=&r"(a6),
          [a7] "=&r"(a7), [w0] "=&r"(w0), [t0] "=&r"(t0)
        : [b0] "r"(odl_pair_at(b)), [b1] "r"(odl_pair_at(b + n)), [b2] "r"(odl_pair_at(b + 2 * n)),
          [b3] "r"(odl_pair_at(b + 3 * n)), [b4] "r"(odl_pair_at(b + 4 * n)),
          [b5] "r"(odl_pair_at(b + 5 * n)), [b6] "r"(odl_pair_at(b + 6 * n)),
          [b7] "r"(odl_pair_at(b + 7 * n)), [count] "r"(r.count), [two] "r"(2), [step] "r"(2 * n)
        : "memory");
}

#define RANK_START 16 /* cycles of a block before its first row, of which each takes 20 */

/* Blocks of columns, or rows of all blocks, are dealt out: what is faster. The last block ends
 * where the row does, and may do some columns once more. */
void odl_add_low_rank_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_add_low_rank *p = args;
    const int32_t width = p->k == 4 ? 4 : 2, blocks = (p->n + width - 1) / width;
    struct odl_range across = {0, blocks}, down = {0, p->m};
    const int32_t wide = odl_over(blocks + core.count - 1, core.count) * (RANK_START + 20 * p->m);
    const int32_t tall = blocks * (RANK_START + 20 * odl_over(p->m + core.count - 1, core.count));
    if (wide <= tall) {
        across = odl_split(blocks, core);
    } else {
        down = odl_split(p->m, core);
    }
    for (int32_t at = across.begin; at < across.end && down.begin < down.end; at++) {
        const int32_t end = (at + 1) * width, j = (end < p->n ? end : p->n) - width;
        const int32_t first = down.begin * p->n + j;
        const struct rank_rows rows = {
            (const _Float16 *)p->w + first, (const _Float16 *)p->a + down.begin * p->k,
            (const _Float16 *)p->b + j,     (_Float16 *)p->y + first,
            down.end - down.begin,          p->n};
        if (p->k == 4) {
            odl_add_low_rank_four(rows);
        } else {
            odl_add_low_rank_eight(rows);
        }
    }
}
