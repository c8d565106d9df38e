/* Scattering of updates with a reduction in uint8. */
#define T uint8_t
#define ACC uint32_t
#define IS_NAN(v) 0
#define NAME odl_scatter_reduce_u8
#include "scatter_reduce.inc"
