/* Not: of truth values. */
#include "elementwise.h"

UNARY(not, b8, uint8_t, uint32_t, uint8_t, !x)
