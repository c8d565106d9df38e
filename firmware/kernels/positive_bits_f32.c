/* Bits of elements that are positive, in single precision. */
#define T float
#define NAME odl_positive_bits_f32
#include "positive_bits.inc"
