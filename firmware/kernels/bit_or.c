/* Bitwise or, and that of truth values, which are 0 and 1. */
#include "elementwise.h"

BINARY_INTS(bit_or, a | b)
BINARY_ONE(bit_or, b8, uint8_t, uint32_t, uint8_t, a | b)
