/* Plain gradient descent on PULP cores. */
#define T float
#define GRADIENT F32_GRADIENT
#define WIDE F32_WIDE
#define LENGTH 5
#define NAME odl_sgd_f32_xpulp
#define NAME_(part) odl_sgd_f32_xpulp_##part
#include "sgd_xpulp.inc"
