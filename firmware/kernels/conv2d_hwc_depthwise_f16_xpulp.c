/* Depthwise convolution in half precision on PULP cores, two channels a register. */
#include "xpulp.h"

static inline void put(_Float16 *y, odl_pair sum, int32_t lanes) {
    if (lanes == 2) {
        odl_pair_store(y, sum);
    } else {
        *y = odl_pair_low(sum);
    }
}

#define T _Float16
#define V odl_pair
#define LANES 2
#define LOAD odl_pair_at
#define LOAD_LAST FIRST
#define MAC odl_pair_mac
#define JOIN(from, step) odl_pair_of(*(from), (from)[step])
#define FIRST(from) odl_pair_of(*(from), 0)
#define PUT put
#define POSITIVE odl_pair_positive
#define RELU XPULP_RELU
#define STEP XPULP_MAC
#define NAME odl_conv2d_hwc_depthwise_f16_xpulp
#define NAME_(part) odl_conv2d_hwc_depthwise_f16_xpulp_##part
#include "conv2d_hwc_depthwise_xpulp.inc"
