/* Div in single precision. */
#define T float
#define NAME odl_div_f32
#define F(a, b) ((a) / (b))
#include "binary.inc"
