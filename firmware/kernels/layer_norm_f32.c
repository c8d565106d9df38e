/* Normalisation of rows in single precision. */
#define T float
#define NAME odl_layer_norm_f32
#include "layer_norm.inc"
