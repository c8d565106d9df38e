/* ReduceSum in single precision, with vectors. */
#define T float
#define NAME odl_reduce_sum_f32_rvv
#define NAME_(part) odl_reduce_sum_f32_rvv_##part
#define END(sum, count, n) (sum)
#include "reduce_rvv.inc"
