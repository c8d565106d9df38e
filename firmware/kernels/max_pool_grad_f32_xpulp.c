/* The gradient of MaxPool in single precision on PULP cores. */
#define T float
#define LOAD XPULP_LW
#define STORE XPULP_SW
#define NAME odl_max_pool_grad_f32_xpulp
#define NAME_(part) odl_max_pool_grad_f32_xpulp_##part
#include "max_pool_grad_xpulp.inc"
