/* Cast between all pairs of types. */
#include "odl/kernels.h"

#define CAST(FROM, TO, NAME, VALUE)                                                                \
    void NAME(const void *args, struct odl_core core) {                                            \
        const struct odl_cast *a = args;                                                           \
        const FROM *x = a->x;                                                                      \
        TO *y = a->y;                                                                              \
        struct odl_range r = odl_split(a->n, core);                                                \
        for (int32_t i = r.begin; i < r.end; i++) {                                                \
            y[i] = (TO)(VALUE);                                                                    \
        }                                                                                          \
    }
#define TO_NUMBER(FROM, F, TO, T) CAST(FROM, TO, odl_cast_##F##_##T, x[i])
#define TO_INTEGER(T, TO, LOW, HIGH)                                                               \
    CAST(float, TO, odl_cast_f32_##T,                                                              \
         x[i] <= (float)(LOW)    ? (LOW)                                                           \
         : x[i] >= (float)(HIGH) ? (HIGH)                                                          \
         : x[i] == x[i]          ? (TO)x[i]                                                        \
                                 : 0)
#define TO_BOOL(FROM, F) CAST(FROM, uint8_t, odl_cast_##F##_b8, x[i] != 0)

TO_INTEGER(i8, int8_t, INT8_MIN, INT8_MAX)
TO_INTEGER(u8, uint8_t, 0, UINT8_MAX)
TO_INTEGER(i32, int32_t, INT32_MIN, INT32_MAX)
TO_INTEGER(i64, int64_t, INT64_MIN, INT64_MAX)
TO_BOOL(float, f32)

TO_NUMBER(int8_t, i8, float, f32)
TO_NUMBER(int8_t, i8, uint8_t, u8)
TO_NUMBER(int8_t, i8, int32_t, i32)
TO_NUMBER(int8_t, i8, int64_t, i64)
TO_BOOL(int8_t, i8)

TO_NUMBER(uint8_t, u8, float, f32)
TO_NUMBER(uint8_t, u8, int8_t, i8)
TO_NUMBER(uint8_t, u8, int32_t, i32)
TO_NUMBER(uint8_t, u8, int64_t, i64)
TO_BOOL(uint8_t, u8)

TO_NUMBER(int32_t, i32, float, f32)
TO_NUMBER(int32_t, i32, int8_t, i8)
TO_NUMBER(int32_t, i32, uint8_t, u8)
TO_NUMBER(int32_t, i32, int64_t, i64)
TO_BOOL(int32_t, i32)

TO_NUMBER(int64_t, i64, float, f32)
TO_NUMBER(int64_t, i64, int8_t, i8)
TO_NUMBER(int64_t, i64, uint8_t, u8)
TO_NUMBER(int64_t, i64, int32_t, i32)
TO_BOOL(int64_t, i64)

TO_NUMBER(uint8_t, b8, float, f32)
TO_NUMBER(uint8_t, b8, int8_t, i8)
TO_NUMBER(uint8_t, b8, uint8_t, u8)
TO_NUMBER(uint8_t, b8, int32_t, i32)
TO_NUMBER(uint8_t, b8, int64_t, i64)
