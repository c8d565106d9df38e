/* AveragePool of signed bytes. */
#define T int8_t
#define NAME odl_q_average_pool_i8
#define NAME_(part) odl_q_average_pool_i8_##part
#include "q_average_pool.inc"
