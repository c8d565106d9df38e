/* Softmax in half precision, with vectors. */
#define T _Float16
#define NAME odl_softmax_f16_rvv
#define NAME_(part) odl_softmax_f16_rvv_##part
#include "softmax_rvv.inc"
