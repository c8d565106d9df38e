/* ThresholdedRelu. */
#include "elementwise.h"

UNARY_FLOATS(thresholded_relu, x > p->alpha ? x : 0.0f)
