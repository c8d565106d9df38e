/* Gradient descent with momentum, with a gradient in half precision. */
#define T _Float16
#define NAME odl_momentum_f16
#include "momentum.inc"
