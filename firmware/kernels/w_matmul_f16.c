/* Product of activations in half precision with quantised weights. */
#define T _Float16
#define NAME odl_w_matmul_f16
#define NAME_(part) odl_w_matmul_f16_##part
#include "w_matmul.inc"
