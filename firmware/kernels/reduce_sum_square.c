/* ReduceSumSquare; integers wrap. Sums of halves may be wanted in single precision. */
#include "reduce.h"

REDUCE_FLOATS(reduce_sum_square, 0.0f, sum + x * x, sum)
REDUCE_WRAPPING(reduce_sum_square, 0, sum + x * x)
#ifdef __FLT16_MANT_DIG__
REDUCE_TO(reduce_sum_square, f16_f32, _Float16, float, float, 0.0f, sum + x * x, sum)
#endif
