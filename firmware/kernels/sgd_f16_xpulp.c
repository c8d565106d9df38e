/* Plain gradient descent, with a gradient in half precision, on PULP cores. */
#define T _Float16
#define GRADIENT F16_GRADIENT
#define WIDE F16_WIDE
#define LENGTH 6
#define NAME odl_sgd_f16_xpulp
#define NAME_(part) odl_sgd_f16_xpulp_##part
#include "sgd_xpulp.inc"
