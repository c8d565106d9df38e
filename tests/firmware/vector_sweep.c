/*
 * Compares the functions of vector_math.h with those of math.h, bit for bit, over every STRIDE-th
 * float. Stands in the place of main.c; prints for each function the arguments, the differences,
 * and the last argument that differs.
 */
#include "odl/math.h"
#include "odl/platform.h"
#include "odl/vector_math.h"

#define MOST 64

static uint32_t bits_of(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void put(const char *text, uint32_t value) {
    char line[64];
    size_t n = 0;
    while (*text) {
        line[n++] = *text++;
    }
    line[n++] = ' ';
    for (int shift = 28; shift >= 0; shift -= 4) {
        line[n++] = "0123456789abcdef"[value >> shift & 15];
    }
    line[n++] = '\n';
    odl_platform_write(line, n);
}

#define SWEEP(NAME, VECTOR, SCALAR)                                                                \
    static void sweep_##NAME(void) {                                                               \
        uint32_t count = 0, differences = 0, where = 0;                                            \
        uint64_t bits = 0;                                                                         \
        while (bits < UINT64_C(1) << 32) {                                                         \
            float x[MOST], y[MOST];                                                                \
            int32_t filled = 0;                                                                    \
            for (; filled < MOST - 5 && bits < UINT64_C(1) << 32; bits += STRIDE) {                \
                const uint32_t word = (uint32_t)bits;                                              \
                __builtin_memcpy(&x[filled++], &word, sizeof word);                                \
            }                                                                                      \
            size_t n;                                                                              \
            for (int32_t i = 0; i < filled; i += (int32_t)n) {                                     \
                n = odl_lanes_for(filled - i);                                                     \
                odl_vwrite(y + i, 1, VECTOR(odl_vread(x + i, 1, n), n), n);                        \
            }                                                                                      \
            for (int32_t i = 0; i < filled; i++) {                                                 \
                const float want = SCALAR(x[i]);                                                   \
                const int both_nan = want != want && y[i] != y[i];                                 \
                if (bits_of(want) != bits_of(y[i]) && !both_nan) {                                 \
                    differences++;                                                                 \
                    where = bits_of(x[i]);                                                         \
                }                                                                                  \
                count++;                                                                           \
            }                                                                                      \
        }                                                                                          \
        put(#NAME " arguments", count);                                                            \
        put(#NAME " differences", differences);                                                    \
        put(#NAME " at", where);                                                                   \
    }

SWEEP(exp, odl_vexp, odl_expf)
SWEEP(sigmoid, odl_vsigmoid, odl_sigmoidf)
SWEEP(tanh, odl_vtanh, odl_tanhf)

int main(void) {
    sweep_exp();
    sweep_sigmoid();
    sweep_tanh();
    odl_platform_exit(0);
}
