/* IsNaN. */
#include "elementwise.h"

UNARY_TEST(is_nan, x != x)
