/* Product of unsigned bytes with weights of 8 bits. */
#define A uint8_t
#define B int8_t
#define NAME odl_q_matmul_u8_i8
#define NAME_(part) odl_q_matmul_u8_i8_##part
#include "q_matmul.inc"
