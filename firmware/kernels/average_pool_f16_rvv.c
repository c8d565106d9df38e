/* AveragePool in half precision, summed up in single, with vectors. */
#define T _Float16
#define NAME odl_average_pool_f16_rvv
#include "average_pool_rvv.inc"
