/* Update of a GRU in half precision. */
#define T _Float16
#define NAME odl_gru_update_f16
#include "gru_update.inc"
