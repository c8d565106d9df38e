/* Matrix product in half precision, summed up in single. */
#define T _Float16
#define ACC float
#define NAME odl_matmul_f16
#define NAME_(part) odl_matmul_f16_##part
#include "matmul.inc"
