/* Depthwise convolution of planes in half precision on PULP cores, two columns a register. */
#include "xpulp.h"

static inline void put(_Float16 *y, odl_pair sum, int32_t step, int32_t n) {
    if (n == 2 && step == 1) {
        odl_pair_store(y, sum);
        return;
    }
    y[0] = odl_pair_low(sum);
    if (n == 2) {
        y[step] = odl_pair_high(sum);
    }
}

#define T _Float16
#define V odl_pair
#define LANES 2
#define LOAD odl_pair_at
#define MAC odl_pair_mac_one
#define BOTH(value) odl_pair_of(value, value)
#define PUT put
#define POSITIVE odl_pair_positive
#define RELU XPULP_RELU
#define STEP XPULP_MAC_R
#define LOAD_1(v, x) "lw " v ", 2(" x ")\n"
#define LOAD_2(v, x) "lw " v ", 4(" x ")\n"
#define STORE_ALL XPULP_SW
#define NAME odl_conv2d_planes_depthwise_f16_xpulp
#define NAME_(part) odl_conv2d_planes_depthwise_f16_xpulp_##part
#include "conv2d_planes_depthwise_xpulp.inc"
