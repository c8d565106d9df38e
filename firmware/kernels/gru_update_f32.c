/* Update of a GRU in single precision. */
#define T float
#define NAME odl_gru_update_f32
#include "gru_update.inc"
