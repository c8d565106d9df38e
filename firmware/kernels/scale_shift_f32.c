/* ScaleShift in single precision. */
#define T float
#define NAME odl_scale_shift_f32
#include "scale_shift.inc"
