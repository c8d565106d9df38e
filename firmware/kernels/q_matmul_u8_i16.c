/* Product of unsigned bytes with weights of 16 bits. */
#define A uint8_t
#define B int16_t
#define NAME odl_q_matmul_u8_i16
#define NAME_(part) odl_q_matmul_u8_i16_##part
#include "q_matmul.inc"
