/* Scattering of updates with a reduction in half precision, computed in single. */
#define T _Float16
#define ACC float
#define IS_NAN(v) ((v) != (v))
#define NAME odl_scatter_reduce_f16
#include "scatter_reduce.inc"
