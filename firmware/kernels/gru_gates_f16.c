/* Gates of a GRU in half precision. */
#define T _Float16
#define NAME odl_gru_gates_f16
#include "gru_gates.inc"
