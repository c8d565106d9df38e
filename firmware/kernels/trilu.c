/* Triangles of matrices, by element size. */
#include "odl/kernels.h"

#define T uint8_t
#define NAME odl_trilu_b8
#include "trilu.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_trilu_b16
#include "trilu.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_trilu_b32
#include "trilu.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_trilu_b64
#include "trilu.inc"
