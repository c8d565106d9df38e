/* Softplus in half precision on PULP cores: max(x, 0) + ln(1 + exp(-|x|)). */
#include "xpulp_math.h"

UNARY_SHORT(softplus,
            __builtin_fmaxf(x, 0.0f) + odl_short_log1p(odl_short_exp(-__builtin_fabsf(x))))
