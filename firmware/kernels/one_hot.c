/* One-hot vectors, by element size. */
#include "index.h"

#define T uint8_t
#define NAME odl_one_hot_b8
#include "one_hot.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_one_hot_b16
#include "one_hot.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_one_hot_b32
#include "one_hot.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_one_hot_b64
#include "one_hot.inc"
