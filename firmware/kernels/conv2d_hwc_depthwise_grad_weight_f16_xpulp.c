/*
 * The gradient of a depthwise convolution's weights in half precision on PULP cores, two channels a
 * register.
 */
#include "xpulp.h"

static inline void add_to(float *total, odl_pair v) {
    total[0] += (float)odl_pair_low(v);
    total[1] += (float)odl_pair_high(v);
}

#define T _Float16
#define V odl_pair
#define LANES 2
#define STEP XPULP_MAC
#define MAC odl_pair_mac
#define LOAD odl_pair_at
#define LOAD_LAST(from) odl_pair_of(*(from), 0)
#define ADD_TO add_to
#define NAME odl_conv2d_hwc_depthwise_grad_weight_f16_xpulp
#define NAME_(part) odl_conv2d_hwc_depthwise_grad_weight_f16_xpulp_##part
#include "conv2d_hwc_depthwise_grad_weight_xpulp.inc"
