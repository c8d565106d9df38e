/* The largest or smallest elements. */
#include "odl/kernels.h"

/* Whether v comes before w; NaN is the largest. */
#define PRECEDES(v, w, largest)                                                                    \
    ((largest) ? (v) > (w) || (IS_NAN(v) && !IS_NAN(w)) : (v) < (w) || (IS_NAN(w) && !IS_NAN(v)))

#define T float
#define IS_NAN(v) ((v) != (v))
#define NAME odl_topk_f32
#include "topk.inc"
#undef T
#undef IS_NAN
#undef NAME

#ifdef __FLT16_MANT_DIG__
#define T _Float16
#define IS_NAN(v) ((v) != (v))
#define NAME odl_topk_f16
#include "topk.inc"
#undef T
#undef IS_NAN
#undef NAME
#endif

#define T int8_t
#define IS_NAN(v) 0
#define NAME odl_topk_i8
#include "topk.inc"
#undef T
#undef IS_NAN
#undef NAME

#define T uint8_t
#define IS_NAN(v) 0
#define NAME odl_topk_u8
#include "topk.inc"
#undef T
#undef IS_NAN
#undef NAME

#define T int32_t
#define IS_NAN(v) 0
#define NAME odl_topk_i32
#include "topk.inc"
#undef T
#undef IS_NAN
#undef NAME

#define T int64_t
#define IS_NAN(v) 0
#define NAME odl_topk_i64
#include "topk.inc"
