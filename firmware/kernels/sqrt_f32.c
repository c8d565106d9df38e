/* Square root in single precision. */
#include "odl/math.h"
#define T float
#define NAME odl_sqrt_f32
#define ARGS odl_sqrt
#define F(v, a) odl_sqrtf(v)
#include "unary.inc"
