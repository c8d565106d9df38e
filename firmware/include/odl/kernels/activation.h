/* Elementwise functions of one operand. */
#ifndef ODL_KERNELS_ACTIVATION_H
#define ODL_KERNELS_ACTIVATION_H

#include "odl/kernels/common.h"

/* y[i] = max(x[i], 0). NaN stays NaN. */
struct odl_relu {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_relu_f32;

/* y[i] = x[i] where x[i] >= 0, else alpha * x[i]. */
struct odl_leaky_relu {
    const void *x;
    void *y;
    int32_t n;
    float alpha;
};
odl_kernel odl_leaky_relu_f32;

/* y[i] = min(max(x[i], low[0]), high[0]). low and high may be NULL. NaN stays, or becomes, NaN. */
struct odl_clip {
    const void *x, *low, *high;
    void *y;
    int32_t n;
};
odl_kernel odl_clip_f32;

/* y[i] = 1 / (1 + exp(-x[i])), error in math.h. */
struct odl_sigmoid {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_sigmoid_f32;

/* y[i] = tanh(x[i]), error in math.h. */
struct odl_tanh {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_tanh_f32;

/* y[i] = sqrt(x[i]). */
struct odl_sqrt {
    const void *x;
    void *y;
    int32_t n;
};
odl_kernel odl_sqrt_f32;

#endif
