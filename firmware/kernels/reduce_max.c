/* ReduceMax; NaN wins. */
#include "reduce.h"

REDUCE_FLOATS(reduce_max, -__builtin_inff(), sum >= x || sum != sum ? sum : x, sum)
REDUCE(reduce_max, i8, int8_t, int32_t, INT8_MIN, sum >= x ? sum : x, sum)
REDUCE(reduce_max, u8, uint8_t, int32_t, 0, sum >= x ? sum : x, sum)
REDUCE(reduce_max, b8, uint8_t, int32_t, 0, sum >= x ? sum : x, sum)
REDUCE(reduce_max, i32, int32_t, int32_t, INT32_MIN, sum >= x ? sum : x, sum)
REDUCE(reduce_max, i64, int64_t, int64_t, INT64_MIN, sum >= x ? sum : x, sum)
