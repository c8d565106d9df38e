/* Gelu by its approximation with tanh (Hendrycks and Gimpel, 2016, arXiv:1606.08415). */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(gelu_tanh, 0.5f * x * (1.0f + odl_tanhf(0.79788456f * (x + 0.044715f * (x * x * x)))))
