/* Positions that stand for all, by norms in single precision. */
#define T float
#define NAME odl_sample_f32
#include "sample.inc"
