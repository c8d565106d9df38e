/* A matrix with a change of low rank, in half precision. */
#define T _Float16
#define NAME odl_add_low_rank_f16
#include "add_low_rank.inc"
