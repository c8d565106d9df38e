/* Softsign. */
#include "elementwise.h"

UNARY_FLOATS(softsign, x / (1.0f + __builtin_fabsf(x)))
