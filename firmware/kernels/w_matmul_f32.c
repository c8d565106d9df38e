/* Product of activations in single precision with quantised weights. */
#define T float
#define NAME odl_w_matmul_f32
#define NAME_(part) odl_w_matmul_f32_##part
#include "w_matmul.inc"
