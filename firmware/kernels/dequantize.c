/* DequantizeLinear. */
#include "quantised.h"

#define DEQUANTIZE(T, SUFFIX, Y)                                                                   \
    void odl_dequantize_##SUFFIX(const void *args, struct odl_core core) {                         \
        const struct odl_dequantize *p = args;                                                     \
        struct odl_range r = odl_split(p->outer * p->length * p->inner, core);                     \
        for (int32_t at = r.begin; at < r.end;) {                                                  \
            const struct odl_run run =                                                             \
                odl_run_at(at, r.end, p->length, p->inner, p->block, p->stride);                   \
            const T *x = (const T *)p->x + at;                                                     \
            const Y *scale = (const Y *)p->scale + run.scale;                                      \
            const T *zero = p->zero ? (const T *)p->zero + run.scale : 0;                          \
            Y *y = (Y *)p->y + at;                                                                 \
            for (int32_t i = 0; i < run.n; i++) {                                                  \
                const int32_t k = i * p->stride[2], z = zero ? zero[k] : 0;                        \
                y[i] = (Y)((float)(x[i] - z) * (float)scale[k]);                                   \
            }                                                                                      \
            at += run.n;                                                                           \
        }                                                                                          \
    }

DEQUANTIZE(int8_t, i8_f32, float)
DEQUANTIZE(uint8_t, u8_f32, float)
DEQUANTIZE(int32_t, i32_f32, float)
#ifdef __FLT16_MANT_DIG__
DEQUANTIZE(int8_t, i8_f16, _Float16)
DEQUANTIZE(uint8_t, u8_f16, _Float16)
DEQUANTIZE(int32_t, i32_f16, _Float16)
#endif
