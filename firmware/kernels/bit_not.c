/* BitwiseNot. */
#include "elementwise.h"

UNARY_INTS(bit_not, ~x)
