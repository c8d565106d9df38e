/* Depthwise convolution of planes in single precision on PULP cores. */
#include "xpulp.h"

#define T float
#define V float
#define LANES 1
#define LOAD(x) (*(x))
#define MAC(sum, x, w) ((sum) + (x) * (w))
#define BOTH(value) (value)
#define STEP XPULP_MAC_S
#define LOAD_1(v, x) "lw " v ", 4(" x ")\n"
#define LOAD_2(v, x) "lw " v ", 8(" x ")\n"
#define STORE_ALL XPULP_SW
#define POSITIVE(sum) ((sum) < 0 ? 0 : (sum))
#define RELU XPULP_RELU_S
#define PUT(y, sum, step, n) (*(y) = (sum))
#define NAME odl_conv2d_planes_depthwise_f32_xpulp
#define NAME_(part) odl_conv2d_planes_depthwise_f32_xpulp_##part
#include "conv2d_planes_depthwise_xpulp.inc"
