/* ReduceL1. */
#include "reduce.h"

REDUCE_FLOATS(reduce_l1, 0.0f, sum + __builtin_fabsf(x), sum)
