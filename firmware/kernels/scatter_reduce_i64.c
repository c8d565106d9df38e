/* Scattering of updates with a reduction in int64. */
#define T int64_t
#define ACC uint64_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_i64
#include "scatter_reduce.inc"
