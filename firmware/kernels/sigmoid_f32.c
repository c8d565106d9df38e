/* Sigmoid in single precision. */
#include "odl/math.h"
#define T float
#define NAME odl_sigmoid_f32
#define ARGS odl_sigmoid
#define F(v, a) odl_sigmoidf(v)
#include "unary.inc"
