/* Scattering of updates with a reduction in int8. */
#define T int8_t
#define ACC uint32_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_i8
#include "scatter_reduce.inc"
