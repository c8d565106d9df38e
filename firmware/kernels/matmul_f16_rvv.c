/* Matrix product in half precision, summed up in single, with vectors. */
#define T _Float16
#define V odl_half
#define NAME odl_matmul_f16_rvv
#define NAME_(part) odl_matmul_f16_rvv_##part
#include "matmul_rvv.inc"
