/* The gradient of MaxPool in half precision on PULP cores. */
#define T _Float16
#define LOAD XPULP_LH
#define STORE XPULP_SH
#define NAME odl_max_pool_grad_f16_xpulp
#define NAME_(part) odl_max_pool_grad_f16_xpulp_##part
#include "max_pool_grad_xpulp.inc"
