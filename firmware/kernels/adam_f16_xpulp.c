/* Adam and AdamW, with a gradient in half precision, on PULP cores. */
#define T _Float16
#define NAME odl_adam_f16_xpulp
#define NAME_(part) odl_adam_f16_xpulp_##part
#include "adam_xpulp.inc"

#undef NAME
#define NAME odl_adam_f16_xpulp_any
#include "adam.inc"
