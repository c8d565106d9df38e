/* Positions that stand for all, by norms in half precision. */
#define T _Float16
#define NAME odl_sample_f16
#include "sample.inc"
