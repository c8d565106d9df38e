/* ReduceMin; NaN wins. */
#include "reduce.h"

REDUCE_FLOATS(reduce_min, __builtin_inff(), sum <= x || sum != sum ? sum : x, sum)
REDUCE(reduce_min, i8, int8_t, int32_t, INT8_MAX, sum <= x ? sum : x, sum)
REDUCE(reduce_min, u8, uint8_t, int32_t, 255, sum <= x ? sum : x, sum)
REDUCE(reduce_min, b8, uint8_t, int32_t, 255, sum <= x ? sum : x, sum)
REDUCE(reduce_min, i32, int32_t, int32_t, INT32_MAX, sum <= x ? sum : x, sum)
REDUCE(reduce_min, i64, int64_t, int64_t, INT64_MAX, sum <= x ? sum : x, sum)
