/* Bits of elements that are positive, in half precision. */
#define T _Float16
#define NAME odl_positive_bits_f16
#include "positive_bits.inc"
