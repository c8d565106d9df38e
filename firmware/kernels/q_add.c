/* Sum of two quantised tensors. */
#include "q_binary.h"

Q_BINARY_BYTES(q_add, p->shift + (float)a * p->a_ratio + (float)b * p->b_ratio)
