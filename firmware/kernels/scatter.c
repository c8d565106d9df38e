/* Scattering of updates, the last wins, by element size. */
#include "index.h"
#include "nest.h"

#define COPY(y, x, n)                                                                              \
    for (int32_t at = 0; at < (n); at++) {                                                         \
        (y)[at] = (x)[at];                                                                         \
    }
#define PUT(old, update, how) (update)

#define T uint8_t
#define NAME odl_scatter_b8
#include "scatter.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_scatter_b16
#include "scatter.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_scatter_b32
#include "scatter.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_scatter_b64
#include "scatter.inc"
