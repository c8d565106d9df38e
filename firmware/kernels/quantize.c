/* QuantizeLinear. */
#include "quantised.h"

#define QUANTIZE(X, SUFFIX, T, LOW, HIGH)                                                          \
    void odl_quantize_##SUFFIX(const void *args, struct odl_core core) {                           \
        const struct odl_quantize *p = args;                                                       \
        struct odl_range r = odl_split(p->outer * p->length * p->inner, core);                     \
        for (int32_t at = r.begin; at < r.end;) {                                                  \
            const struct odl_run run =                                                             \
                odl_run_at(at, r.end, p->length, p->inner, p->block, p->stride);                   \
            const X *x = (const X *)p->x + at, *scale = (const X *)p->scale + run.scale;           \
            const T *zero = p->zero ? (const T *)p->zero + run.scale : 0;                          \
            T *y = (T *)p->y + at;                                                                 \
            for (int32_t i = 0; i < run.n; i++) {                                                  \
                const int32_t k = i * p->stride[2], z = zero ? zero[k] : 0;                        \
                const float v = (float)x[i] / (float)scale[k];                                     \
                y[i] = (T)(odl_round_within(v, (float)((int32_t)LOW - z),                          \
                                            (float)((int32_t)HIGH - z)) +                          \
                           z);                                                                     \
            }                                                                                      \
            at += run.n;                                                                           \
        }                                                                                          \
    }

QUANTIZE(float, f32_i8, int8_t, INT8_MIN, INT8_MAX)
QUANTIZE(float, f32_u8, uint8_t, 0, UINT8_MAX)
#ifdef __FLT16_MANT_DIG__
QUANTIZE(_Float16, f16_i8, int8_t, INT8_MIN, INT8_MAX)
QUANTIZE(_Float16, f16_u8, uint8_t, 0, UINT8_MAX)
#endif
