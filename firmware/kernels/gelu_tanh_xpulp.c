/* Gelu by its approximation in half precision on PULP cores: (1 + tanh(v)) / 2 is sigmoid(2v). */
#include "xpulp_math.h"

UNARY_SHORT(gelu_tanh,
            odl_short_part(x, odl_short_sigmoid(1.5957691f * (x + 0.044715f * (x * x * x)))))
