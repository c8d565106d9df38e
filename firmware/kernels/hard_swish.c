/* HardSwish. */
#include "elementwise.h"

UNARY_FLOATS(hard_swish, x *odl_unit(x / 6.0f + 0.5f))
