/* Relu in single precision; the comparison lets NaN through. */
#define T float
#define NAME odl_relu_f32
#define ARGS odl_relu
#define F(v, a) ((v) < 0.0f ? 0.0f : (v))
#include "unary.inc"
