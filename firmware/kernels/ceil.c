/* Ceil. */
#include "elementwise.h"
#include "round.h"

UNARY_FLOATS(ceil, __builtin_copysignf(odl_whole(x) < x ? odl_whole(x) + 1.0f : odl_whole(x), x))
