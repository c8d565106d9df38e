/* Product of signed bytes with weights of 8 bits. */
#define A int8_t
#define B int8_t
#define NAME odl_q_matmul_i8_i8
#define NAME_(part) odl_q_matmul_i8_i8_##part
#include "q_matmul.inc"
