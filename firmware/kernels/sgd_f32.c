/* Plain gradient descent, with a gradient in single precision. */
#define T float
#define NAME odl_sgd_f32
#include "sgd.inc"
