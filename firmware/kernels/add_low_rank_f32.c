/* A matrix with a change of low rank, in single precision. */
#define T float
#define NAME odl_add_low_rank_f32
#include "add_low_rank.inc"
