/* Strided copies by element size: Transpose, Concat and their like. */
#include "nest.h"

#define T uint8_t
#define NAME odl_copy_b8
#include "copy.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_copy_b16
#include "copy.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_copy_b32
#include "copy.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_copy_b64
#include "copy.inc"
