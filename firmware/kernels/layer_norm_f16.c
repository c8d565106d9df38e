/* Normalisation of rows in half precision. */
#define T _Float16
#define NAME odl_layer_norm_f16
#include "layer_norm.inc"
