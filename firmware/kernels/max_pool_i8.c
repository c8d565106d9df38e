/* MaxPool of signed bytes. */
#define T int8_t
#define NAME odl_max_pool_i8
#define NAME_(part) odl_max_pool_i8_##part
#include "max_pool.inc"
