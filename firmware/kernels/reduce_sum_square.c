/* ReduceSumSquare; integers wrap. */
#include "reduce.h"

REDUCE_FLOATS(reduce_sum_square, 0.0f, sum + x * x, sum)
REDUCE_WRAPPING(reduce_sum_square, 0, sum + x * x)
