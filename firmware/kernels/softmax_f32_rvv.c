/* Softmax in single precision, with vectors. */
#define T float
#define NAME odl_softmax_f32_rvv
#define NAME_(part) odl_softmax_f32_rvv_##part
#include "softmax_rvv.inc"
