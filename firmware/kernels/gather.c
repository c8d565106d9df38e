/* Gathering by tuples of indices, by element size. */
#include "index.h"
#include "nest.h"

#define T uint8_t
#define NAME odl_gather_b8
#include "gather.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_gather_b16
#include "gather.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_gather_b32
#include "gather.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_gather_b64
#include "gather.inc"
