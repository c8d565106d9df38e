/* AveragePool in single precision. */
#define T float
#define ACC float
#define NAME odl_average_pool_f32
#include "average_pool.inc"
