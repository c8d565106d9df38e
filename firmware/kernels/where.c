/* Choosing between two tensors, by element size. */
#include "nest.h"

#define T uint8_t
#define NAME odl_where_b8
#include "where.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_where_b16
#include "where.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_where_b32
#include "where.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_where_b64
#include "where.inc"
