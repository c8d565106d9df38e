/* Depthwise convolution, channels side by side, in half precision,
 * summed up in single. */
#define T _Float16
#define ACC float
#define NAME odl_conv2d_hwc_depthwise_f16
#define NAME_(part) odl_conv2d_hwc_depthwise_f16_##part
#include "conv2d_hwc_depthwise.inc"
