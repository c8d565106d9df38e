/* ScaleShift in half precision. */
#define T _Float16
#define NAME odl_scale_shift_f16
#include "scale_shift.inc"
