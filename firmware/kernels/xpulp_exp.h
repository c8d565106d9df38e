/*
 * Softmax's exp and logarithm on PULP cores, in single precision: the steps of odl_expf and
 * odl_logf, contracted. exp comes out too large by 2^64, so that none is subnormal.
 */
#ifndef ODL_XPULP_EXP_H
#define ODL_XPULP_EXP_H

#include "reduce_xpulp.h"
#include "xpulp_math.h"

/*
 * 16 instructions: %[e] becomes 2^64 exp(x - top) for the x in %[v] that is not above top, and 0
 * where their distance is above 104; NaN, which is positive, stays. Error: 0.9 ULP of exp. The
 * power of two, %[n], is found by adding a number so large that its last bit is 1.
 */
#define XPULP_EXP                                                                                  \
    "fsub.s %[v], %[v], %[top]\n"                                                                  \
    "sltu %[t], %[limit], %[v]\n"                                                                  \
    "fmadd.s %[n], %[v], %[log2], %[large]\n"                                                      \
    "addi %[t], %[t], -1\n"                                                                        \
    "fsub.s %[e], %[n], %[large]\n"                                                                \
    "slli %[n], %[n], 23\n"                                                                        \
    "fmadd.s %[v], %[e], %[high], %[v]\n"                                                          \
    "fmadd.s %[v], %[e], %[low], %[v]\n"                                                           \
    "fmadd.s %[e], %[v], %[c6], %[c5]\n"                                                           \
    "fmadd.s %[e], %[e], %[v], %[c4]\n"                                                            \
    "fmadd.s %[e], %[e], %[v], %[c3]\n"                                                            \
    "fmadd.s %[e], %[e], %[v], %[c2]\n"                                                            \
    "fmadd.s %[e], %[e], %[v], %[one]\n"                                                           \
    "fmadd.s %[e], %[e], %[v], %[one]\n"                                                           \
    "add %[e], %[e], %[n]\n"                                                                       \
    "and %[e], %[e], %[t]\n"

/* A row's elements, `step` apart, and where results go; steps in bytes. */
struct odl_exp_row {
    const void *x;
    void *y;
    int32_t n, step, y_step;
    float top; /* the largest of them */
};

/*
 * exp along a row. FIRST stands behind the load, where %[e] still is of the element before, at
 * first 0; END behind exp. Both may use %[a], which is returned. LENGTH is without exp.
 */
#define ODL_EXP_RUN(NAME, LOAD, FIRST, WIDEN, END, LENGTH)                                         \
    ODL_ALWAYS float NAME(float a, struct odl_exp_row row) {                                       \
        uint32_t v, n, t;                                                                          \
        float e = 0.0f;                                                                            \
        __asm__ volatile(                                                                          \
            XPULP_LOOP("%[count]", "16 + " XPULP_TEXT(LENGTH))                                     \
                XPULP_WIDE(LOAD("%[v]", "%[x]", "%[step]") FIRST WIDEN("%[v]") XPULP_EXP END)      \
            : [x] "+r"(row.x), [y] "+r"(row.y), [a] "+r"(a), [e] "+r"(e), [v] "=&r"(v),            \
              [n] "=&r"(n), [t] "=&r"(t)                                                           \
            : [count] "r"(row.n), [step] "r"(row.step), [y_step] "r"(row.y_step),                  \
              [top] "r"(row.top), [log2] "r"(1.44269502f), [large] "r"(0x1.8p23f + 64.0f),         \
              [limit] "r"(-104.0f), [high] "r"(-0.693145752f), [low] "r"(-1.42860677e-6f),         \
              [c6] "r"(1.3838877e-3f), [c5] "r"(8.369192e-3f), [c4] "r"(4.1668102e-2f),            \
              [c3] "r"(0.16666517f), [c2] "r"(0.49999994f), [one] "r"(1.0f)                        \
            : "memory");                                                                           \
        return a + e;                                                                              \
    }
#define XPULP_ADD_EXP "fadd.s %[a], %[a], %[e]\n"

/* The largest of a row, which starts as its last; NaN is none, for exp will see it. */
#define ODL_TOP_RUN(NAME, LOAD, WIDEN, LENGTH)                                                     \
    ODL_ALWAYS float NAME(float top, const void *x, int32_t n, int32_t step) {                     \
        uint32_t v, w;                                                                             \
        if (n > 1) {                                                                               \
            __asm__ volatile(XPULP_LOOP("%[count]", "2 + 2 * (" XPULP_TEXT(LENGTH) ")")            \
                                 XPULP_WIDE(LOAD("%[v]", "%[x]", "%[step]")                        \
                                                LOAD("%[w]", "%[x]", "%[step]") WIDEN("%[v]")      \
                                                    WIDEN("%[w]") "fmax.s %[top], %[top], %[v]\n"  \
                                                                  "fmax.s %[top], %[top], %[w]\n") \
                             : [x] "+r"(x), [top] "+r"(top), [v] "=&r"(v), [w] "=&r"(w)            \
                             : [count] "r"(n / 2), [step] "r"(step)                                \
                             : "memory");                                                          \
        }                                                                                          \
        return top;                                                                                \
    }

/* What kernels share one copy of: what runs once costs less than to be fetched. */
#define ODL_SHARED __attribute__((weak, noinline))

/* ln(v / 2^64) for v from 2^64 on. Error: 1 ULP. */
float odl_scaled_log(float v);
ODL_SHARED float odl_scaled_log(float v) {
    const uint32_t root = 0x3f3504f3; /* the bits of sqrt(1/2) */
    const uint32_t above = odl_bits_of(v) - (64u << 23) - root;
    const float k = (float)((int32_t)above >> 23);
    const float f = odl_from_bits((above & 0x7fffff) + root) - 1.0f;
    float p = __builtin_fmaf(f, -7.6364495e-2f, 0.12766208f);
    p = __builtin_fmaf(p, f, -0.13161464f);
    p = __builtin_fmaf(p, f, 0.14201176f);
    p = __builtin_fmaf(p, f, -0.1662319f);
    p = __builtin_fmaf(p, f, 0.2000125f);
    p = __builtin_fmaf(p, f, -0.25000826f);
    p = __builtin_fmaf(p, f, 0.3333333f);
    const float near = __builtin_fmaf(-(f * f), __builtin_fmaf(-f, p, 0.5f), f);
    const float ln = __builtin_fmaf(k, 0.693145752f, __builtin_fmaf(k, 1.42860677e-6f, near));
    return __builtin_fmaf(v, 0.0f, ln); /* NaN stays NaN */
}

#endif
