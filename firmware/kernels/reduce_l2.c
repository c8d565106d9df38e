/* ReduceL2. */
#include "odl/math.h"
#include "reduce.h"

REDUCE_FLOATS(reduce_l2, 0.0f, sum + x * x, odl_sqrtf(sum))
