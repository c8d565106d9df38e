/* Running sums in int64. */
#define T int64_t
#define ACC uint64_t
#define START 0
#define F(a, b) ((a) + (b))
#define NAME odl_cumsum_i64
#include "scan.inc"
