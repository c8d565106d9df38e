/* Elementwise functions of two operands and more, with broadcasting. */
#ifndef ODL_KERNELS_ARITHMETIC_H
#define ODL_KERNELS_ARITHMETIC_H

#include "odl/kernels/common.h"

/* y[i] = a[i . a_stride] op b[i . b_stride] over the loop nest dims; y is dense. */
struct odl_binary {
    const void *a, *b;
    void *y;
    int32_t dims[ODL_RANK], a_stride[ODL_RANK], b_stride[ODL_RANK];
};
#define odl_add odl_binary
#define odl_sub odl_binary
#define odl_mul odl_binary
#define odl_div odl_binary
odl_kernel odl_add_f32, odl_sub_f32, odl_mul_f32, odl_div_f32;

/* y[o][c][i] = x[o][c][i] * scale[c] + shift[c]. */
struct odl_scale_shift {
    const void *x, *scale, *shift;
    void *y;
    int32_t outer, channels, inner;
};
odl_kernel odl_scale_shift_f32;

#endif
