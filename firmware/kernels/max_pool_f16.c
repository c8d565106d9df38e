/* MaxPool in half precision. */
#define T _Float16
#define NAME odl_max_pool_f16
#define NAME_(part) odl_max_pool_f16_##part
#include "max_pool.inc"
