/* Running products in half precision, computed in single. */
#define T _Float16
#define ACC float
#define START 1
#define F(a, b) ((a) * (b))
#define NAME odl_cumprod_f16
#include "scan.inc"
