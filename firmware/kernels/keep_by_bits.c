/* Keeping elements by bits, by element size. */
#define T uint16_t
#define NAME odl_keep_by_bits_b16
#include "keep_by_bits.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_keep_by_bits_b32
#include "keep_by_bits.inc"
