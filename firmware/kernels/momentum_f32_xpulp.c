/* Gradient descent with momentum on PULP cores. */
#define T float
#define GRADIENT F32_GRADIENT
#define WIDE F32_WIDE
#define LENGTH 8
#define NAME odl_momentum_f32_xpulp
#define NAME_(part) odl_momentum_f32_xpulp_##part
#include "momentum_xpulp.inc"

#undef NAME
#define NAME odl_momentum_f32_xpulp_any
#include "momentum.inc"
