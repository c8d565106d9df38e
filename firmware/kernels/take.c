/* Gathering through offset tables by element size: Pad in every mode. */
#include "nest.h"

#define T uint8_t
#define NAME odl_take_b8
#include "take.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_take_b16
#include "take.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_take_b32
#include "take.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_take_b64
#include "take.inc"
