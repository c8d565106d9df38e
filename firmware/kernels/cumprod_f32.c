/* Running products in single precision. */
#define T float
#define ACC float
#define START 1
#define F(a, b) ((a) * (b))
#define NAME odl_cumprod_f32
#include "scan.inc"
