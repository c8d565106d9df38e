/* Scattering of updates with a reduction in single precision. */
#define T float
#define ACC float
#define IS_NAN(v) ((v) != (v))
#define NAME odl_scatter_reduce_f32
#include "scatter_reduce.inc"
