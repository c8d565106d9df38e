/* Gradient descent with momentum, with a gradient in single precision. */
#define T float
#define NAME odl_momentum_f32
#include "momentum.inc"
