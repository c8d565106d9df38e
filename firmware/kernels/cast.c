/* Cast between all pairs of types. */
#include "odl/kernels.h"

/* FROM is loaded as C. */
#define CAST(FROM, F, C, TO, T, VALUE)                                                             \
    void odl_cast_##F##_##T(const void *args, struct odl_core core) {                              \
        const struct odl_cast *a = args;                                                           \
        const FROM *from = a->x;                                                                   \
        TO *y = a->y;                                                                              \
        struct odl_range r = odl_split(a->n, core);                                                \
        for (int32_t i = r.begin; i < r.end; i++) {                                                \
            const C x = (C)from[i];                                                                \
            y[i] = (TO)(VALUE);                                                                    \
        }                                                                                          \
    }

/* Integers lose their high bits; floats are rounded. */
#define TO_NUMBER(FROM, F, C, TO, T) CAST(FROM, F, C, TO, T, x)

/* Of a float, towards zero; it saturates, and NaN gives 0. */
#define TO_INTEGER(FROM, F, TO, T, LOW, HIGH)                                                      \
    CAST(FROM, F, float, TO, T,                                                                    \
         x <= (float)(LOW)    ? (LOW)                                                              \
         : x >= (float)(HIGH) ? (HIGH)                                                             \
         : x == x             ? (TO)x                                                              \
                              : 0)

#define TO_BOOL(FROM, F, C) CAST(FROM, F, C, uint8_t, b8, x != 0)

/* From a float to everything but the other float. */
#define FROM_FLOAT(FROM, F)                                                                        \
    TO_INTEGER(FROM, F, int8_t, i8, INT8_MIN, INT8_MAX)                                            \
    TO_INTEGER(FROM, F, uint8_t, u8, 0, UINT8_MAX)                                                 \
    TO_INTEGER(FROM, F, int32_t, i32, INT32_MIN, INT32_MAX)                                        \
    TO_INTEGER(FROM, F, int64_t, i64, INT64_MIN, INT64_MAX)                                        \
    TO_BOOL(FROM, F, float)

FROM_FLOAT(float, f32)

TO_NUMBER(int8_t, i8, int8_t, float, f32)
TO_NUMBER(int8_t, i8, int8_t, uint8_t, u8)
TO_NUMBER(int8_t, i8, int8_t, int32_t, i32)
TO_NUMBER(int8_t, i8, int8_t, int64_t, i64)
TO_BOOL(int8_t, i8, int8_t)

TO_NUMBER(uint8_t, u8, uint8_t, float, f32)
TO_NUMBER(uint8_t, u8, uint8_t, int8_t, i8)
TO_NUMBER(uint8_t, u8, uint8_t, int32_t, i32)
TO_NUMBER(uint8_t, u8, uint8_t, int64_t, i64)
TO_BOOL(uint8_t, u8, uint8_t)

TO_NUMBER(int32_t, i32, int32_t, float, f32)
TO_NUMBER(int32_t, i32, int32_t, int8_t, i8)
TO_NUMBER(int32_t, i32, int32_t, uint8_t, u8)
TO_NUMBER(int32_t, i32, int32_t, int64_t, i64)
TO_BOOL(int32_t, i32, int32_t)

TO_NUMBER(int64_t, i64, int64_t, float, f32)
TO_NUMBER(int64_t, i64, int64_t, int8_t, i8)
TO_NUMBER(int64_t, i64, int64_t, uint8_t, u8)
TO_NUMBER(int64_t, i64, int64_t, int32_t, i32)
TO_BOOL(int64_t, i64, int64_t)

TO_NUMBER(uint8_t, b8, uint8_t, float, f32)
TO_NUMBER(uint8_t, b8, uint8_t, int8_t, i8)
TO_NUMBER(uint8_t, b8, uint8_t, uint8_t, u8)
TO_NUMBER(uint8_t, b8, uint8_t, int32_t, i32)
TO_NUMBER(uint8_t, b8, uint8_t, int64_t, i64)

#ifdef __FLT16_MANT_DIG__
FROM_FLOAT(_Float16, f16)
TO_NUMBER(_Float16, f16, float, float, f32)
TO_NUMBER(float, f32, float, _Float16, f16)
TO_NUMBER(int8_t, i8, float, _Float16, f16)
TO_NUMBER(uint8_t, u8, float, _Float16, f16)
TO_NUMBER(int32_t, i32, float, _Float16, f16)
TO_NUMBER(int64_t, i64, float, _Float16, f16)
TO_NUMBER(uint8_t, b8, float, _Float16, f16)
#endif
