/* Reversed sequences, by element size. */
#include "index.h"

#define T uint8_t
#define NAME odl_reverse_sequence_b8
#include "reverse_sequence.inc"
#undef T
#undef NAME

#define T uint16_t
#define NAME odl_reverse_sequence_b16
#include "reverse_sequence.inc"
#undef T
#undef NAME

#define T uint32_t
#define NAME odl_reverse_sequence_b32
#include "reverse_sequence.inc"
#undef T
#undef NAME

#define T uint64_t
#define NAME odl_reverse_sequence_b64
#include "reverse_sequence.inc"
