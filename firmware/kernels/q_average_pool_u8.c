/* AveragePool of unsigned bytes. */
#define T uint8_t
#define NAME odl_q_average_pool_u8
#define NAME_(part) odl_q_average_pool_u8_##part
#include "q_average_pool.inc"
