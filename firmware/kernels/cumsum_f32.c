/* Running sums in single precision. */
#define T float
#define ACC float
#define START 0
#define F(a, b) ((a) + (b))
#define NAME odl_cumsum_f32
#include "scan.inc"
