/* Interpolation in single precision. */
#define T float
#define ACC float
#define NAME odl_resize_f32
#include "resize.inc"
