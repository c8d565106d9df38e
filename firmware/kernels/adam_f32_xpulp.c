/* Adam and AdamW on PULP cores. */
#define T float
#define NAME odl_adam_f32_xpulp
#define NAME_(part) odl_adam_f32_xpulp_##part
#include "adam_xpulp.inc"

#undef NAME
#define NAME odl_adam_f32_xpulp_any
#include "adam.inc"
