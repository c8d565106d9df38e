/* Running sums in int32. */
#define T int32_t
#define ACC uint32_t
#define START 0
#define F(a, b) ((a) + (b))
#define NAME odl_cumsum_i32
#include "scan.inc"
