/* LeakyRelu in single precision. */
#define T float
#define NAME odl_leaky_relu_f32
#define ARGS odl_leaky_relu
#define F(v, a) ((v) < 0.0f ? (a)->alpha * (v) : (v))
#include "unary.inc"
