/* Scattering of updates with a reduction in int32. */
#define T int32_t
#define ACC uint32_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_i32
#include "scatter_reduce.inc"
