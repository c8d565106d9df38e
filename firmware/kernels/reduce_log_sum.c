/* ReduceLogSum. */
#include "odl/math.h"
#include "reduce.h"

REDUCE_FLOATS(reduce_log_sum, 0.0f, sum + x, odl_logf(sum))
