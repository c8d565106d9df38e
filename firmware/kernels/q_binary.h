/* Elementwise kernels of two quantised operands: VALUE(a, b) is a float that is then rounded. */
#ifndef ODL_Q_BINARY_H
#define ODL_Q_BINARY_H

#include "nest.h"
#include "quantised.h"

#define Q_BINARY(KERNEL, SUFFIX, T, VALUE)                                                         \
    void odl_##KERNEL##_##SUFFIX(const void *args, struct odl_core core) {                         \
        const struct odl_##KERNEL *p = args;                                                       \
        const int32_t last = ODL_RANK - 1;                                                         \
        const int32_t sa = p->a_stride[last], sb = p->b_stride[last];                              \
        const float low = (float)p->low, high = (float)p->high;                                    \
        struct odl_range r = odl_split(odl_nest_size(p->dims), core);                              \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        for (int32_t at = r.begin; at < r.end;) {                                                  \
            int32_t run = p->dims[last] - i[last];                                                 \
            run = run < r.end - at ? run : r.end - at;                                             \
            const T *from_a = (const T *)p->a + odl_nest_offset(i, p->a_stride);                   \
            const T *from_b = (const T *)p->b + odl_nest_offset(i, p->b_stride);                   \
            T *to = (T *)p->y + at;                                                                \
            for (int32_t k = 0; k < run; k++) {                                                    \
                const int32_t a = from_a[k * sa], b = from_b[k * sb];                              \
                to[k] = (T)odl_round_within(VALUE, low, high);                                     \
            }                                                                                      \
            odl_nest_advance(i, p->dims, run);                                                     \
            at += run;                                                                             \
        }                                                                                          \
    }

#define Q_BINARY_BYTES(KERNEL, VALUE)                                                              \
    Q_BINARY(KERNEL, i8, int8_t, VALUE) Q_BINARY(KERNEL, u8, uint8_t, VALUE)

#endif
