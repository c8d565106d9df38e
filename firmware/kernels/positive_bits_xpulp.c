/* Bits of positive elements on PULP cores: comparisons give 1 or 0, which products put together. */
#include "xpulp_lanes.h"

#define BITS_LOAD(v) XPULP_LW(v, "%[x]", "%[four]")
#define BITS_STORE XPULP_SB("%[v0]", "%[y]", "%[one]")

/* Two halves of each word become its bits 0 and 16, and these those of their places. */
#define BITS_F16(v) XPULP_LESS(v, "zero", v)
#define BITS_OF_HALVES                                                                             \
    BITS_LOAD("%[v0]")                                                                             \
    BITS_LOAD("%[v1]")                                                                             \
    BITS_LOAD("%[v2]")                                                                             \
    BITS_LOAD("%[v3]")                                                                             \
    BITS_F16("%[v0]")                                                                              \
    BITS_F16("%[v1]")                                                                              \
    BITS_F16("%[v2]")                                                                              \
    BITS_F16("%[v3]")                                                                              \
    XPULP_MAC_WORD("%[v2]", "%[v3]", "%[four]")                                                    \
    XPULP_MAC_WORD("%[v1]", "%[v2]", "%[four]")                                                    \
    XPULP_MAC_WORD("%[v0]", "%[v1]", "%[four]")                                                    \
    "srli %[v1], %[v0], 15\n" XPULP_OP("or", "%[v0]", "%[v0]", "%[v1]") BITS_STORE

static void odl_positive_bits_f16_xpulp_run(const void *x, uint8_t *y, int32_t bytes) {
    uint32_t v0, v1, v2, v3;
    __asm__ volatile(
        XPULP_LOOP("%[n]", "14") XPULP_WIDE(BITS_OF_HALVES)
        : [x] "+r"(x), [y] "+r"(y), [v0] "=&r"(v0), [v1] "=&r"(v1), [v2] "=&r"(v2), [v3] "=&r"(v3)
        : [n] "r"(bytes), [one] "r"(1), [four] "r"(4)
        : "memory");
}

#define BITS_F32(v) XPULP_OP("flt.s", v, "zero", v)
#define BITS_OF_SINGLES                                                                            \
    BITS_LOAD("%[v0]")                                                                             \
    BITS_LOAD("%[v1]")                                                                             \
    BITS_LOAD("%[v2]")                                                                             \
    BITS_LOAD("%[v3]")                                                                             \
    BITS_LOAD("%[v4]")                                                                             \
    BITS_LOAD("%[v5]")                                                                             \
    BITS_LOAD("%[v6]")                                                                             \
    BITS_LOAD("%[v7]")                                                                             \
    BITS_F32("%[v0]")                                                                              \
    BITS_F32("%[v1]")                                                                              \
    BITS_F32("%[v2]")                                                                              \
    BITS_F32("%[v3]")                                                                              \
    BITS_F32("%[v4]")                                                                              \
    BITS_F32("%[v5]")                                                                              \
    BITS_F32("%[v6]")                                                                              \
    BITS_F32("%[v7]")                                                                              \
    XPULP_MAC_WORD("%[v6]", "%[v7]", "%[two]")                                                     \
    XPULP_MAC_WORD("%[v5]", "%[v6]", "%[two]")                                                     \
    XPULP_MAC_WORD("%[v4]", "%[v5]", "%[two]")                                                     \
    XPULP_MAC_WORD("%[v3]", "%[v4]", "%[two]")                                                     \
    XPULP_MAC_WORD("%[v2]", "%[v3]", "%[two]")                                                     \
    XPULP_MAC_WORD("%[v1]", "%[v2]", "%[two]") XPULP_MAC_WORD("%[v0]", "%[v1]", "%[two]") BITS_STORE

static void odl_positive_bits_f32_xpulp_run(const void *x, uint8_t *y, int32_t bytes) {
    uint32_t v0, v1, v2, v3, v4, v5, v6, v7;
    __asm__ volatile(
        XPULP_LOOP("%[n]", "24") XPULP_WIDE(BITS_OF_SINGLES)
        : [x] "+r"(x), [y] "+r"(y), [v0] "=&r"(v0), [v1] "=&r"(v1), [v2] "=&r"(v2), [v3] "=&r"(v3),
          [v4] "=&r"(v4), [v5] "=&r"(v5), [v6] "=&r"(v6), [v7] "=&r"(v7)
        : [n] "r"(bytes), [one] "r"(1), [two] "r"(2), [four] "r"(4)
        : "memory");
}

/* Whole bytes by the loop; the last one, of fewer elements, by the portable body. */
#define POSITIVE_BITS(NAME, SIZE)                                                                  \
    static odl_kernel NAME##_any;                                                                  \
    void NAME(const void *args, struct odl_core core) {                                            \
        const struct odl_positive_bits *p = args;                                                  \
        const struct odl_range r = odl_split((p->n + 7) >> 3, core);                               \
        const int32_t whole = r.end < p->n >> 3 ? r.end : p->n >> 3;                               \
        const char *x = p->x;                                                                      \
        uint8_t *y = p->y;                                                                         \
        if (r.begin < whole) {                                                                     \
            NAME##_run(x + 8 * SIZE * r.begin, y + r.begin, whole - r.begin);                      \
        }                                                                                          \
        if (whole < r.end) {                                                                       \
            const struct odl_positive_bits last = {x + 8 * SIZE * whole, y + whole, p->n & 7};     \
            NAME##_any(&last, (struct odl_core){0, 1});                                            \
        }                                                                                          \
    }

POSITIVE_BITS(odl_positive_bits_f16_xpulp, 2)
POSITIVE_BITS(odl_positive_bits_f32_xpulp, 4)

#define T _Float16
#define NAME odl_positive_bits_f16_xpulp_any
#include "positive_bits.inc"
#undef T
#undef NAME

#define T float
#define NAME odl_positive_bits_f32_xpulp_any
#include "positive_bits.inc"
