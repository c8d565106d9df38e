/* The gradient of Relu, from that of its output and the output. */
#include "elementwise.h"

BINARY_FLOATS(relu_grad, b > 0.0f ? a : 0.0f)
