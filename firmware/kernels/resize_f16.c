/* Interpolation in half precision, computed in single. */
#define T _Float16
#define ACC float
#define NAME odl_resize_f16
#include "resize.inc"
