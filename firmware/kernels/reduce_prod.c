/* ReduceProd; integers wrap. */
#include "reduce.h"

REDUCE_FLOATS(reduce_prod, 1.0f, sum *x, sum)
REDUCE_WRAPPING(reduce_prod, 1, sum *x)
