/* Round: to the nearest integer, of two to the even one. */
#include "elementwise.h"
#include "round.h"

UNARY_FLOATS(round, odl_whole(x))
