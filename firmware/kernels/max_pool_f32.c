/* MaxPool in single precision. */
#define T float
#define NAME odl_max_pool_f32
#define NAME_(part) odl_max_pool_f32_##part
#include "max_pool.inc"
