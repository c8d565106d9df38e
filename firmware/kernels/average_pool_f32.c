/* AveragePool in single precision. */
#define T float
#define ACC float
#define NAME odl_average_pool_f32
#define NAME_(part) odl_average_pool_f32_##part
#include "average_pool.inc"
