/* Scattering of updates on PULP cores, the last wins; what stays is copied by words. */
#include "index.h"
#include "nest.h"
#include "xpulp.h"

#define PUT(old, update, how) (update)
#define COPY(y, x, n) odl_copy_row(y, x, (n) * (int32_t)sizeof(T))

#define T uint16_t
#define NAME odl_scatter_b16_xpulp
#include "scatter.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_scatter_b32_xpulp
#include "scatter.inc"
