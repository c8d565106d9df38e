/* Clip to limits that are scalars in memory, or absent. */
#include "odl/kernels.h"

#define CLIP(SUFFIX, T)                                                                            \
    void odl_clip_##SUFFIX(const void *args, struct odl_core core) {                               \
        const struct odl_clip *a = args;                                                           \
        const T *x = a->x, *low = a->low, *high = a->high;                                         \
        T *y = a->y;                                                                               \
        struct odl_range r = odl_split(a->n, core);                                                \
        for (int32_t i = r.begin; i < r.end; i++) {                                                \
            T v = x[i];                                                                            \
            if (low && !(v >= low[0]) && v == v) {                                                 \
                v = low[0];                                                                        \
            }                                                                                      \
            if (high && !(v <= high[0]) && v == v) {                                               \
                v = high[0];                                                                       \
            }                                                                                      \
            y[i] = v;                                                                              \
        }                                                                                          \
    }

CLIP(f32, float)
CLIP(i8, int8_t)
CLIP(u8, uint8_t)
CLIP(i32, int32_t)
CLIP(i64, int64_t)
#ifdef __FLT16_MANT_DIG__
CLIP(f16, _Float16)
#endif
