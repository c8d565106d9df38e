/* ReduceMean. */
#include "reduce.h"

REDUCE_FLOATS(reduce_mean, 0.0f, sum + x, sum / (float)n)
