/* Writing into caches, by element size. */
#include "odl/kernels.h"

#define T uint8_t
#define NAME odl_tensor_scatter_b8
#include "tensor_scatter.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_tensor_scatter_b16
#include "tensor_scatter.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_tensor_scatter_b32
#include "tensor_scatter.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_tensor_scatter_b64
#include "tensor_scatter.inc"
