/* Product of two quantised tensors. */
#include "q_binary.h"

Q_BINARY_BYTES(q_mul, (float)((a - p->a_zero) * (b - p->b_zero)) * p->ratio + (float)p->zero)
