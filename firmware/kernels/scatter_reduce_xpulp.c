/* Scattering of updates with a reduction on PULP cores; what stays is copied by words. */
#include "scatter_reduce.h"
#include "xpulp.h"

#define COPY(y, x, n) odl_copy_row(y, x, (n) * (int32_t)sizeof(T))
#define ACC float
#define IS_NAN(v) ((v) != (v))

#define T float
#define NAME odl_scatter_reduce_f32_xpulp
#include "scatter.inc"
#undef T
#undef NAME

#define T _Float16
#define NAME odl_scatter_reduce_f16_xpulp
#include "scatter.inc"
