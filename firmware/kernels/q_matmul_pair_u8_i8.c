/* Product of unsigned and signed bytes with zero points. */
#define A uint8_t
#define B int8_t
#define A_ZERO p->a_zero
#define B_ZERO p->b_zero
#define NAME odl_q_matmul_pair_u8_i8
#define NAME_(part) odl_q_matmul_pair_u8_i8_##part
#include "q_matmul.inc"
