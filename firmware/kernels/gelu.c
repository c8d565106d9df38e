/* Gelu by the error function (Hendrycks and Gimpel, 2016, arXiv:1606.08415). */
#include "odl/math.h"
#include "elementwise.h"

UNARY_FLOATS(gelu, 0.5f * x * (1.0f + odl_erff(x * 0.70710678f)))
