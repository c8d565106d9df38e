/* Matrix product in single precision. */
#define T float
#define ACC float
#define NAME odl_matmul_f32
#define NAME_(part) odl_matmul_f32_##part
#include "matmul.inc"
