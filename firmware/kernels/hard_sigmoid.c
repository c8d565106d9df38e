/* HardSigmoid. */
#include "elementwise.h"

UNARY_FLOATS(hard_sigmoid, odl_unit(p->alpha *x + p->beta))
