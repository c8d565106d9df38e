/* Plain gradient descent, with a gradient in half precision. */
#define T _Float16
#define NAME odl_sgd_f16
#include "sgd.inc"
