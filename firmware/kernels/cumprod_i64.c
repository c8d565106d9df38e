/* Running products in int64. */
#define T int64_t
#define ACC uint64_t
#define START 1
#define F(a, b) ((a) * (b))
#define NAME odl_cumprod_i64
#include "scan.inc"
