/* MaxPool of bytes. */
#define T uint8_t
#define NAME odl_max_pool_u8
#define NAME_(part) odl_max_pool_u8_##part
#include "max_pool.inc"
