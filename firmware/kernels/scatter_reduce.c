/* Scattering of updates with a reduction; integers wrap, NaN wins. */
#include "scatter_reduce.h"

#define COPY(y, x, n)                                                                              \
    for (int32_t at = 0; at < (n); at++) {                                                         \
        (y)[at] = (x)[at];                                                                         \
    }

#define T float
#define ACC float
#define IS_NAN(v) ((v) != (v))
#define NAME odl_scatter_reduce_f32
#include "scatter.inc"
#undef T
#undef ACC
#undef IS_NAN
#undef NAME

#ifdef __FLT16_MANT_DIG__
#define T _Float16
#define ACC float
#define IS_NAN(v) ((v) != (v))
#define NAME odl_scatter_reduce_f16
#include "scatter.inc"
#undef T
#undef ACC
#undef IS_NAN
#undef NAME
#endif

#define T int8_t
#define ACC uint32_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_i8
#include "scatter.inc"
#undef T
#undef ACC
#undef IS_NAN
#undef NAME

#define T uint8_t
#define ACC uint32_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_u8
#include "scatter.inc"
#undef T
#undef ACC
#undef IS_NAN
#undef NAME

#define T int32_t
#define ACC uint32_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_i32
#include "scatter.inc"
#undef T
#undef ACC
#undef IS_NAN
#undef NAME

#define T int64_t
#define ACC uint64_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_i64
#include "scatter.inc"
