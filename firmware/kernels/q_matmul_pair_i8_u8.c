/* Product of signed and unsigned bytes with zero points. */
#define A int8_t
#define B uint8_t
#define A_ZERO p->a_zero
#define B_ZERO p->b_zero
#define NAME odl_q_matmul_pair_i8_u8
#define NAME_(part) odl_q_matmul_pair_i8_u8_##part
#include "q_matmul.inc"
