/* Quantised numbers: to and from floats, and integer arithmetic between them. */
#ifndef ODL_KERNELS_QUANTISED_H
#define ODL_KERNELS_QUANTISED_H

#include "odl/kernels/common.h"

/*
 * y = round(x / scale) + zero, halves to even, saturated; NaN becomes the least value. Element
 * [o][c][i] of [outer][length][inner] has the scale and zero point at
 * o * stride[0] + c / block * stride[1] + i * stride[2]. zero may be NULL. Not in place.
 */
struct odl_quantize {
    const void *x, *scale, *zero;
    void *y;
    int32_t outer, length, inner, block, stride[3];
};
odl_kernel odl_quantize_f32_i8, odl_quantize_f32_u8, odl_quantize_f16_i8, odl_quantize_f16_u8;

/* y = (x - zero) * scale, with the scales where odl_quantize has them. Not in place. */
struct odl_dequantize {
    const void *x, *scale, *zero;
    void *y;
    int32_t outer, length, inner, block, stride[3];
};
odl_kernel odl_dequantize_i8_f32, odl_dequantize_u8_f32, odl_dequantize_i32_f32;
odl_kernel odl_dequantize_i8_f16, odl_dequantize_u8_f16, odl_dequantize_i32_f16;

#endif
