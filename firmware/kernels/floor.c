/* Floor. */
#include "elementwise.h"
#include "round.h"

UNARY_FLOATS(floor, odl_whole(x) > x ? odl_whole(x) - 1.0f : odl_whole(x))
