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
#define TO_BOOL(FROM, F) CAST(FROM, uint8_t, odl_cast_##F##_b8, x[i] != 0)

TO_NUMBER(float, f32, int8_t, i8)
TO_NUMBER(float, f32, uint8_t, u8)
TO_NUMBER(float, f32, int32_t, i32)
TO_NUMBER(float, f32, int64_t, i64)
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
