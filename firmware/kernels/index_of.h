/*
 * The index of the element that wins over all others along an axis: INDEX_OF(argmax, f32, float,
 * >). NaN wins over numbers; of equal elements the first counts, or the last.
 */
#ifndef ODL_INDEX_OF_H
#define ODL_INDEX_OF_H

#include "odl/kernels.h"

#define INDEX_OF(KERNEL, SUFFIX, T, WINS)                                                          \
    void odl_##KERNEL##_##SUFFIX(const void *args, struct odl_core core) {                         \
        const struct odl_argmax *a = args;                                                         \
        int64_t *y = a->y;                                                                         \
        struct odl_range r = odl_split(a->outer * a->inner, core);                                 \
        for (int32_t row = r.begin; row < r.end; row++) {                                          \
            const T *x = (const T *)a->x + row / a->inner * a->n * a->inner + row % a->inner;      \
            T top = x[0];                                                                          \
            int32_t where = 0;                                                                     \
            for (int32_t i = 1; i < a->n; i++) {                                                   \
                T v = x[i * a->inner];                                                             \
                int nan = v != v && (a->last || top == top);                                       \
                if (v WINS top || (a->last && v == top) || nan) {                                  \
                    top = v;                                                                       \
                    where = i;                                                                     \
                }                                                                                  \
            }                                                                                      \
            y[row] = where;                                                                        \
        }                                                                                          \
    }

#define INDEX_OF_INTS(KERNEL, WINS)                                                                \
    INDEX_OF(KERNEL, i8, int8_t, WINS)                                                             \
    INDEX_OF(KERNEL, u8, uint8_t, WINS)                                                            \
    INDEX_OF(KERNEL, i32, int32_t, WINS)                                                           \
    INDEX_OF(KERNEL, i64, int64_t, WINS)

#endif
