/* The gradient of MaxPool in half precision. */
#define T _Float16
#define ACC float
#define NAME odl_max_pool_grad_f16
#define NAME_(part) odl_max_pool_grad_f16_##part
#include "max_pool_grad.inc"
