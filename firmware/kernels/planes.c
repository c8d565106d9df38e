/* Copies with zeros around and columns dealt out to phases. */
#include <stdint.h>

#define T uint16_t
#define NAME odl_planes_b16
#include "planes.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_planes_b32
#include "planes.inc"
