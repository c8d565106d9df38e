/* Memories of rows, by element size. */
#include "odl/kernels.h"

#define T uint8_t
#define NAME odl_put_b8
#include "put.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_put_b16
#include "put.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_put_b32
#include "put.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_put_b64
#include "put.inc"
