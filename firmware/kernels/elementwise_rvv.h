/*
 * Elementwise kernels with vectors from an expression: UNARY_VECTOR(sqrt, odl_vsqrt(x, n)) defines
 * odl_sqrt_f32_rvv and odl_sqrt_f16_rvv. The expression sees n lanes of the operand x (or a and b)
 * in single precision, and the argument struct p; its value is rounded when it is stored.
 */
#ifndef ODL_ELEMENTWISE_RVV_H
#define ODL_ELEMENTWISE_RVV_H

#include "nest.h"
#include "odl/vector_math.h"

#define UNARY_VECTOR_OF(KERNEL, SUFFIX, T, VALUE)                                                  \
    void odl_##KERNEL##_##SUFFIX##_rvv(const void *args, struct odl_core core) {                   \
        const struct odl_##KERNEL *p = args;                                                       \
        const T *from = p->x;                                                                      \
        T *to = p->y;                                                                              \
        struct odl_range r = odl_split(p->n, core);                                                \
        for (size_t n; r.begin < r.end; r.begin += (int32_t)n) {                                   \
            n = odl_lanes_for(r.end - r.begin);                                                    \
            const odl_vec x = odl_vread(from + r.begin, 1, n);                                     \
            odl_vwrite(to + r.begin, 1, VALUE, n);                                                 \
        }                                                                                          \
    }
#define UNARY_VECTOR(KERNEL, VALUE)                                                                \
    UNARY_VECTOR_OF(KERNEL, f32, float, VALUE)                                                     \
    UNARY_VECTOR_OF(KERNEL, f16, _Float16, VALUE)

#define BINARY_VECTOR_OF(KERNEL, SUFFIX, T, VALUE)                                                 \
    void odl_##KERNEL##_##SUFFIX##_rvv(const void *args, struct odl_core core) {                   \
        const struct odl_##KERNEL *p = args;                                                       \
        const int32_t last = ODL_RANK - 1;                                                         \
        const int32_t sa = p->a_stride[last], sb = p->b_stride[last];                              \
        struct odl_range r = odl_split(odl_nest_size(p->dims), core);                              \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        while (r.begin < r.end) {                                                                  \
            int32_t run = p->dims[last] - i[last];                                                 \
            run = run < r.end - r.begin ? run : r.end - r.begin;                                   \
            const T *from_a = (const T *)p->a + odl_nest_offset(i, p->a_stride);                   \
            const T *from_b = (const T *)p->b + odl_nest_offset(i, p->b_stride);                   \
            T *to = (T *)p->y + r.begin;                                                           \
            for (int32_t k = 0; k < run;) {                                                        \
                const size_t n = odl_lanes_for(run - k);                                           \
                const odl_vec a = odl_vread(from_a + k * sa, sa, n);                               \
                const odl_vec b = odl_vread(from_b + k * sb, sb, n);                               \
                odl_vwrite(to + k, 1, VALUE, n);                                                   \
                k += (int32_t)n;                                                                   \
            }                                                                                      \
            odl_nest_advance(i, p->dims, run);                                                     \
            r.begin += run;                                                                        \
        }                                                                                          \
    }
#define BINARY_VECTOR(KERNEL, VALUE)                                                               \
    BINARY_VECTOR_OF(KERNEL, f32, float, VALUE)                                                    \
    BINARY_VECTOR_OF(KERNEL, f16, _Float16, VALUE)

#endif
