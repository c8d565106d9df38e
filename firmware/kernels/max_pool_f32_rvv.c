/* MaxPool in single precision, with vectors. */
#include "odl/kernels.h"

static odl_kernel portable;
#define T float
#define NAME portable
#define NAME_(part) portable_##part
#include "max_pool.inc"

#undef NAME
#define NAME odl_max_pool_f32_rvv
#define PORTABLE portable
#include "max_pool_rvv.inc"
