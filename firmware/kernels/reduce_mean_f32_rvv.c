/* ReduceMean in single precision, with vectors. */
#define T float
#define NAME odl_reduce_mean_f32_rvv
#define NAME_(part) odl_reduce_mean_f32_rvv_##part
#define END(sum, count, n) odl_vdiv_by(sum, (float)(count), n)
#include "reduce_rvv.inc"
