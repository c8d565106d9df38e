/* Tanh in single precision. */
#include "odl/math.h"
#define T float
#define NAME odl_tanh_f32
#define ARGS odl_tanh
#define F(v, a) odl_tanhf(v)
#include "unary.inc"
