/*
 * Elementwise kernels from an expression: UNARY_FLOATS(exp, odl_expf(x)) defines odl_exp_f32 and
 * odl_exp_f16. The expression sees the operand x (or a and b), converted to the type in which it is
 * computed, and the argument struct p; its value is converted to the type that is stored.
 */
#ifndef ODL_ELEMENTWISE_H
#define ODL_ELEMENTWISE_H

#include "nest.h"

/* y = VALUE(x): elements X are computed as C and stored as Y. */
#define UNARY(KERNEL, SUFFIX, X, C, Y, VALUE)                                                      \
    void odl_##KERNEL##_##SUFFIX(const void *args, struct odl_core core) {                         \
        const struct odl_##KERNEL *p = args;                                                       \
        const X *from = p->x;                                                                      \
        Y *to = p->y;                                                                              \
        struct odl_range r = odl_split(p->n, core);                                                \
        for (int32_t i = r.begin; i < r.end; i++) {                                                \
            const C x = (C)from[i];                                                                \
            to[i] = (Y)(VALUE);                                                                    \
        }                                                                                          \
    }

/* y = VALUE(a, b) over the loop nest p->dims. */
#define BINARY(KERNEL, SUFFIX, A, CA, B, CB, Y, VALUE)                                             \
    void odl_##KERNEL##_##SUFFIX(const void *args, struct odl_core core) {                         \
        const struct odl_##KERNEL *p = args;                                                       \
        const int32_t last = ODL_RANK - 1;                                                         \
        const int32_t sa = p->a_stride[last], sb = p->b_stride[last];                              \
        struct odl_range r = odl_split(odl_nest_size(p->dims), core);                              \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        for (int32_t at = r.begin; at < r.end;) {                                                  \
            int32_t run = p->dims[last] - i[last];                                                 \
            run = run < r.end - at ? run : r.end - at;                                             \
            const A *from_a = (const A *)p->a + odl_nest_offset(i, p->a_stride);                   \
            const B *from_b = (const B *)p->b + odl_nest_offset(i, p->b_stride);                   \
            Y *to = (Y *)p->y + at;                                                                \
            for (int32_t k = 0; k < run; k++) {                                                    \
                const CA a = (CA)from_a[k * sa];                                                   \
                const CB b = (CB)from_b[k * sb];                                                   \
                to[k] = (Y)(VALUE);                                                                \
            }                                                                                      \
            odl_nest_advance(i, p->dims, run);                                                     \
            at += run;                                                                             \
        }                                                                                          \
    }

/* Half precision is computed in single precision and rounded once, where the compiler has it. */
#ifdef __FLT16_MANT_DIG__
#define HALF(...) __VA_ARGS__
#else
#define HALF(...)
#endif

/* v between 0 and 1. */
static inline float odl_unit(float v) {
    return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;
}

#define UNARY_FLOATS(KERNEL, VALUE)                                                                \
    UNARY(KERNEL, f32, float, float, float, VALUE)                                                 \
    HALF(UNARY(KERNEL, f16, _Float16, float, _Float16, VALUE))

/* Float operands, and a truth value as the result. */
#define UNARY_TEST(KERNEL, VALUE)                                                                  \
    UNARY(KERNEL, f32, float, float, uint8_t, VALUE)                                               \
    HALF(UNARY(KERNEL, f16, _Float16, float, uint8_t, VALUE))

/* Integers, computed with a sign. */
#define UNARY_SIGNED(KERNEL, VALUE)                                                                \
    UNARY(KERNEL, i8, int8_t, int32_t, int8_t, VALUE)                                              \
    UNARY(KERNEL, i32, int32_t, int32_t, int32_t, VALUE)                                           \
    UNARY(KERNEL, i64, int64_t, int64_t, int64_t, VALUE)
#define UNARY_INTS(KERNEL, VALUE)                                                                  \
    UNARY_SIGNED(KERNEL, VALUE) UNARY(KERNEL, u8, uint8_t, int32_t, uint8_t, VALUE)

#define BINARY_ONE(KERNEL, SUFFIX, T, C, Y, VALUE) BINARY(KERNEL, SUFFIX, T, C, T, C, Y, VALUE)

#define BINARY_FLOATS(KERNEL, VALUE)                                                               \
    BINARY_ONE(KERNEL, f32, float, float, float, VALUE)                                            \
    HALF(BINARY_ONE(KERNEL, f16, _Float16, float, _Float16, VALUE))

/* Sums, differences and products of integers wrap: they are formed without a sign. */
#define BINARY_WRAPPING(KERNEL, VALUE)                                                             \
    BINARY_ONE(KERNEL, i8, int8_t, uint32_t, int8_t, VALUE)                                        \
    BINARY_ONE(KERNEL, u8, uint8_t, uint32_t, uint8_t, VALUE)                                      \
    BINARY_ONE(KERNEL, i32, int32_t, uint32_t, int32_t, VALUE)                                     \
    BINARY_ONE(KERNEL, i64, int64_t, uint64_t, int64_t, VALUE)

#define BINARY_INTS(KERNEL, VALUE)                                                                 \
    BINARY_ONE(KERNEL, i8, int8_t, int32_t, int8_t, VALUE)                                         \
    BINARY_ONE(KERNEL, u8, uint8_t, int32_t, uint8_t, VALUE)                                       \
    BINARY_ONE(KERNEL, i32, int32_t, int32_t, int32_t, VALUE)                                      \
    BINARY_ONE(KERNEL, i64, int64_t, int64_t, int64_t, VALUE)

/* A truth value of two operands of any type. */
#define BINARY_TEST(KERNEL, VALUE)                                                                 \
    BINARY_ONE(KERNEL, f32, float, float, uint8_t, VALUE)                                          \
    HALF(BINARY_ONE(KERNEL, f16, _Float16, float, uint8_t, VALUE))                                 \
    BINARY_ONE(KERNEL, i8, int8_t, int32_t, uint8_t, VALUE)                                        \
    BINARY_ONE(KERNEL, u8, uint8_t, int32_t, uint8_t, VALUE)                                       \
    BINARY_ONE(KERNEL, i32, int32_t, int32_t, uint8_t, VALUE)                                      \
    BINARY_ONE(KERNEL, i64, int64_t, int64_t, uint8_t, VALUE)                                      \
    BINARY_ONE(KERNEL, b8, uint8_t, uint8_t, uint8_t, VALUE)

#endif
