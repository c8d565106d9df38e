/* Equal. */
#include "elementwise.h"

BINARY_TEST(equal, a == b)
