/* Matrix product in single precision, with vectors. */
#define T float
#define V odl_vec
#define NAME odl_matmul_f32_rvv
#define NAME_(part) odl_matmul_f32_rvv_##part
#include "matmul_rvv.inc"
