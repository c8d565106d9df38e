/* Running products. */
#include "odl/kernels.h"

#define START 1
#define F(a, b) ((a) * (b))

#define T float
#define ACC float
#define NAME odl_cumprod_f32
#include "scan.inc"
#undef T
#undef ACC
#undef NAME

#ifdef __FLT16_MANT_DIG__
#define T _Float16
#define ACC float
#define NAME odl_cumprod_f16
#include "scan.inc"
#undef T
#undef ACC
#undef NAME
#endif

#define T int32_t
#define ACC uint32_t
#define NAME odl_cumprod_i32
#include "scan.inc"
#undef T
#undef ACC
#undef NAME

#define T int64_t
#define ACC uint64_t
#define NAME odl_cumprod_i64
#include "scan.inc"
