/* Less, and with its operands exchanged Greater. */
#include "elementwise.h"

BINARY_TEST(less, a < b)
