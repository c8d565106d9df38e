/* Random numbers in half precision. */
#define T _Float16
#define NAME odl_seeded_f16
#include "seeded.inc"
