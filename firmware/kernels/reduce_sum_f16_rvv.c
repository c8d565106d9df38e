/* ReduceSum in half precision, summed up in single, with vectors. */
#define T _Float16
#define NAME odl_reduce_sum_f16_rvv
#define NAME_(part) odl_reduce_sum_f16_rvv_##part
#define END(sum, count, n) (sum)
#include "reduce_rvv.inc"
