/* ReduceSum; integers wrap. */
#include "reduce.h"

REDUCE_FLOATS(reduce_sum, 0.0f, sum + x, sum)
REDUCE_WRAPPING(reduce_sum, 0, sum + x)
