/* AveragePool in single precision, with vectors. */
#define T float
#define NAME odl_average_pool_f32_rvv
#include "average_pool_rvv.inc"
