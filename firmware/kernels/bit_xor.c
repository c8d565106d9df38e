/* Bitwise xor, and that of truth values, which are 0 and 1. */
#include "elementwise.h"

BINARY_INTS(bit_xor, a ^ b)
BINARY_ONE(bit_xor, b8, uint8_t, uint32_t, uint8_t, a ^ b)
