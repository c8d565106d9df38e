/* Keeping elements by bits on PULP cores: a bit, sign-extended, is the mask of its element. */
#include "xpulp_lanes.h"

/* All bits of rd are bit x<at> of rs1; rd = low half of rs2 below that of rs1. */
#define KEEP_BIT(rd, rs1, at) ".insn r 0x33, 0, 0x60, " rd ", " rs1 ", " at "\n"
#define KEEP_BOTH(rd, rs1, rs2) ".insn r 0x57, 0, 0x68, " rd ", " rs1 ", " rs2 "\n"
#define KEEP_LOADS                                                                                 \
    XPULP_LW("%[v0]", "%[x]", "%[four]")                                                           \
    XPULP_LW("%[v1]", "%[x]", "%[four]")                                                           \
    XPULP_LW("%[v2]", "%[x]", "%[four]") XPULP_LW("%[v3]", "%[x]", "%[four]")
#define KEEP_STORE(v) XPULP_OP("and", v, v, "%[low]") XPULP_SW(v, "%[y]", "%[four]")

#define KEEP_F16(v, first, second)                                                                 \
    KEEP_BIT("%[low]", "%[b]", first)                                                              \
    KEEP_BIT("%[high]", "%[b]", second) KEEP_BOTH("%[low]", "%[high]", "%[low]") KEEP_STORE(v)
#define KEEP_HALVES                                                                                \
    XPULP_LBU("%[b]", "%[bits]", "%[one]")                                                         \
    KEEP_LOADS KEEP_F16("%[v0]", "x0", "x1") KEEP_F16("%[v1]", "x2", "x3")                         \
        KEEP_F16("%[v2]", "x4", "x5") KEEP_F16("%[v3]", "x6", "x7")

static void odl_keep_by_bits_b16_xpulp_run(const void *x, const uint8_t *bits, void *y,
                                           int32_t bytes) {
    uint32_t v0, v1, v2, v3, b, low, high;
    __asm__ volatile(
        XPULP_LOOP("%[n]", "25") XPULP_WIDE(KEEP_HALVES)
        : [x] "+r"(x), [bits] "+r"(bits), [y] "+r"(y), [v0] "=&r"(v0), [v1] "=&r"(v1),
          [v2] "=&r"(v2), [v3] "=&r"(v3), [b] "=&r"(b), [low] "=&r"(low), [high] "=&r"(high)
        : [n] "r"(bytes), [one] "r"(1), [four] "r"(4)
        : "memory");
}

#define KEEP_F32(v, at) KEEP_BIT("%[low]", "%[b]", at) KEEP_STORE(v)
#define KEEP_SINGLES                                                                               \
    XPULP_LBU("%[b]", "%[bits]", "%[one]")                                                         \
    KEEP_LOADS KEEP_F32("%[v0]", "x0") KEEP_F32("%[v1]", "x1") KEEP_F32("%[v2]", "x2")             \
        KEEP_F32("%[v3]", "x3") KEEP_LOADS KEEP_F32("%[v0]", "x4") KEEP_F32("%[v1]", "x5")         \
            KEEP_F32("%[v2]", "x6") KEEP_F32("%[v3]", "x7")

static void odl_keep_by_bits_b32_xpulp_run(const void *x, const uint8_t *bits, void *y,
                                           int32_t bytes) {
    uint32_t v0, v1, v2, v3, b, low;
    __asm__ volatile(XPULP_LOOP("%[n]", "33") XPULP_WIDE(KEEP_SINGLES)
                     : [x] "+r"(x), [bits] "+r"(bits), [y] "+r"(y), [v0] "=&r"(v0), [v1] "=&r"(v1),
                       [v2] "=&r"(v2), [v3] "=&r"(v3), [b] "=&r"(b), [low] "=&r"(low)
                     : [n] "r"(bytes), [one] "r"(1), [four] "r"(4)
                     : "memory");
}

/* Whole bytes by the loop; the last one, of fewer elements, by the portable body. */
#define KEEP_BY_BITS(NAME, SIZE)                                                                   \
    static odl_kernel NAME##_any;                                                                  \
    void NAME(const void *args, struct odl_core core) {                                            \
        const struct odl_keep_by_bits *p = args;                                                   \
        const struct odl_range r = odl_split((p->n + 7) >> 3, core);                               \
        const int32_t whole = r.end < p->n >> 3 ? r.end : p->n >> 3;                               \
        const char *x = p->x;                                                                      \
        const uint8_t *bits = p->bits;                                                             \
        char *y = p->y;                                                                            \
        if (r.begin < whole) {                                                                     \
            NAME##_run(x + 8 * SIZE * r.begin, bits + r.begin, y + 8 * SIZE * r.begin,             \
                       whole - r.begin);                                                           \
        }                                                                                          \
        if (whole < r.end) {                                                                       \
            const struct odl_keep_by_bits last = {x + 8 * SIZE * whole, bits + whole,              \
                                                  y + 8 * SIZE * whole, p->n & 7};                 \
            NAME##_any(&last, (struct odl_core){0, 1});                                            \
        }                                                                                          \
    }

KEEP_BY_BITS(odl_keep_by_bits_b16_xpulp, 2)
KEEP_BY_BITS(odl_keep_by_bits_b32_xpulp, 4)

#define T uint16_t
#define NAME odl_keep_by_bits_b16_xpulp_any
#include "keep_by_bits.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_keep_by_bits_b32_xpulp_any
#include "keep_by_bits.inc"
