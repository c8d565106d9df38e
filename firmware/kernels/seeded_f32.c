/* Random numbers in single precision. */
#define T float
#define NAME odl_seeded_f32
#include "seeded.inc"
