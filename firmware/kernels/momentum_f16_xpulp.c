/* Gradient descent with momentum, with a gradient in half precision, on PULP cores. */
#define T _Float16
#define GRADIENT F16_GRADIENT
#define WIDE F16_WIDE
#define LENGTH 9
#define NAME odl_momentum_f16_xpulp
#define NAME_(part) odl_momentum_f16_xpulp_##part
#include "momentum_xpulp.inc"

#undef NAME
#define NAME odl_momentum_f16_xpulp_any
#include "momentum.inc"
