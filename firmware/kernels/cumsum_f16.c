/* Running sums in half precision, computed in single. */
#define T _Float16
#define ACC float
#define START 0
#define F(a, b) ((a) + (b))
#define NAME odl_cumsum_f16
#include "scan.inc"
