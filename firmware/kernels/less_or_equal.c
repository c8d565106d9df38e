/* LessOrEqual, and with its operands exchanged GreaterOrEqual. */
#include "elementwise.h"

BINARY_TEST(less_or_equal, a <= b)
