/* LeakyRelu. */
#include "elementwise.h"

UNARY_FLOATS(leaky_relu, x >= 0.0f ? x : p->alpha * x)
