/* Gates of a GRU in single precision. */
#define T float
#define NAME odl_gru_gates_f32
#include "gru_gates.inc"
