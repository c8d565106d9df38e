/* The gradient of MaxPool in single precision. */
#define T float
#define ACC float
#define NAME odl_max_pool_grad_f32
#define NAME_(part) odl_max_pool_grad_f32_##part
#include "max_pool_grad.inc"
