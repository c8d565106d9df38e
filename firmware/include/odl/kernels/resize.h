/* Interpolation. */
#ifndef ODL_KERNELS_RESIZE_H
#define ODL_KERNELS_RESIZE_H

#include "odl/kernels/common.h"

/*
 * y[o][z][v][u][i] = sum over taps of x[o][offset + i] * weight, o < outer, i < inner. Each of the
 * three axes has count[a] taps for each output position: table holds their offsets within the
 * in_size elements of x[o], weight (float) their weights, one axis behind the other; offsets add
 * up, weights multiply. An offset of -1 makes the element `value`. Error: gamma(K + 3) * the sum
 * over the K taps of |x| * |weight|. Not in place.
 */
struct odl_resize {
    const void *x, *table, *weight;
    void *y;
    int32_t outer, in_size, out_dhw[3], inner, count[3];
    float value;
};
odl_kernel odl_resize_f32, odl_resize_f16;

#endif
