/* Adam and AdamW, with a gradient in half precision. */
#define T _Float16
#define NAME odl_adam_f16
#include "adam.inc"
