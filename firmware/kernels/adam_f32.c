/* Adam and AdamW, with a gradient in single precision. */
#define T float
#define NAME odl_adam_f32
#include "adam.inc"
