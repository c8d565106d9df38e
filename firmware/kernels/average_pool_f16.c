/* AveragePool in half precision, summed up in single. */
#define T _Float16
#define ACC float
#define NAME odl_average_pool_f16
#include "average_pool.inc"
