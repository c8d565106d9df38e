/* Depthwise convolution in single precision on PULP cores, channels side by side. */
#include "xpulp.h"

#define T float
#define V float
#define LANES 1
#define LOAD(x) (*(x))
#define LOAD_LAST LOAD
#define MAC(sum, x, w) ((sum) + (x) * (w))
#define JOIN(from, step) (*(from))
#define FIRST(from) (*(from))
#define PUT(y, sum, lanes) (*(y) = (sum))
#define POSITIVE(sum) ((sum) < 0 ? 0 : (sum))
#define RELU XPULP_RELU_S
#define STEP XPULP_MAC_S
#define NAME odl_conv2d_hwc_depthwise_f32_xpulp
#define NAME_(part) odl_conv2d_hwc_depthwise_f32_xpulp_##part
#include "conv2d_hwc_depthwise_xpulp.inc"
