/* Elementwise functions of two operands and more: y[i] = f(a[i . a_stride], b[i . b_stride]). */
#ifndef ODL_KERNELS_ARITHMETIC_H
#define ODL_KERNELS_ARITHMETIC_H

#include "odl/kernels/common.h"

/* i runs over the loop nest dims; y is dense. */
struct odl_binary {
    const void *a, *b;
    void *y;
    int32_t dims[ODL_RANK], a_stride[ODL_RANK], b_stride[ODL_RANK];
};

/* a + b; integers wrap, here and below. */
#define odl_add odl_binary
odl_kernel odl_add_f32, odl_add_f16, odl_add_i8, odl_add_u8, odl_add_i32, odl_add_i64;

/* a - b. */
#define odl_sub odl_binary
odl_kernel odl_sub_f32, odl_sub_f16, odl_sub_i8, odl_sub_u8, odl_sub_i32, odl_sub_i64;

/* a * b. */
#define odl_mul odl_binary
odl_kernel odl_mul_f32, odl_mul_f16, odl_mul_i8, odl_mul_u8, odl_mul_i32, odl_mul_i64;

/* a / b; of integers towards zero, and 0 where b is 0. */
#define odl_div odl_binary
odl_kernel odl_div_f32, odl_div_f16, odl_div_i8, odl_div_u8, odl_div_i32, odl_div_i64;

/* The remainder with the sign of b, 0 where b is 0. */
#define odl_mod odl_binary
odl_kernel odl_mod_f32, odl_mod_f16, odl_mod_i8, odl_mod_u8, odl_mod_i32, odl_mod_i64;

/* The remainder with the sign of a; of integers 0 where b is 0. */
#define odl_fmod odl_binary
odl_kernel odl_fmod_f32, odl_fmod_f16, odl_fmod_i8, odl_fmod_u8, odl_fmod_i32, odl_fmod_i64;

/* The larger one, NaN above all. */
#define odl_max odl_binary
odl_kernel odl_max_f32, odl_max_f16, odl_max_i8, odl_max_u8, odl_max_i32, odl_max_i64;

/* The smaller one, NaN below all. */
#define odl_min odl_binary
odl_kernel odl_min_f32, odl_min_f16, odl_min_i8, odl_min_u8, odl_min_i32, odl_min_i64;

/* a where a >= 0, else a * b. */
#define odl_prelu odl_binary
odl_kernel odl_prelu_f32, odl_prelu_f16;

/* Gradient of relu: a (that of its output) where b (its output) > 0, else 0. */
#define odl_relu_grad odl_binary
odl_kernel odl_relu_grad_f32, odl_relu_grad_f16;

/* 1 where a = b, else 0. */
#define odl_equal odl_binary
odl_kernel odl_equal_f32, odl_equal_f16, odl_equal_i8, odl_equal_u8, odl_equal_i32, odl_equal_i64,
    odl_equal_b8;

/* 1 where a < b, else 0. */
#define odl_less odl_binary
odl_kernel odl_less_f32, odl_less_f16, odl_less_i8, odl_less_u8, odl_less_i32, odl_less_i64,
    odl_less_b8;

/* 1 where a <= b, else 0. */
#define odl_less_or_equal odl_binary
odl_kernel odl_less_or_equal_f32, odl_less_or_equal_f16, odl_less_or_equal_i8, odl_less_or_equal_u8,
    odl_less_or_equal_i32, odl_less_or_equal_i64, odl_less_or_equal_b8;

/* Bit by bit, as the next two; truth values are 0 and 1. */
#define odl_bit_and odl_binary
odl_kernel odl_bit_and_i8, odl_bit_and_u8, odl_bit_and_i32, odl_bit_and_i64, odl_bit_and_b8;
#define odl_bit_or odl_binary
odl_kernel odl_bit_or_i8, odl_bit_or_u8, odl_bit_or_i32, odl_bit_or_i64, odl_bit_or_b8;
#define odl_bit_xor odl_binary
odl_kernel odl_bit_xor_i8, odl_bit_xor_u8, odl_bit_xor_i32, odl_bit_xor_i64, odl_bit_xor_b8;

/* a shifted by b bits. */
#define odl_shift_left odl_binary
odl_kernel odl_shift_left_i8, odl_shift_left_u8, odl_shift_left_i32, odl_shift_left_i64;
#define odl_shift_right odl_binary
odl_kernel odl_shift_right_i8, odl_shift_right_u8, odl_shift_right_i32, odl_shift_right_i64;

/*
 * a^b, error in math.h; the first type is that of a and y. A negative power of an integer is 0
 * unless a is 1 or -1.
 */
#define odl_pow odl_binary
odl_kernel odl_pow_f32_f32, odl_pow_f32_i32, odl_pow_f32_i64, odl_pow_f16_f16, odl_pow_f16_f32,
    odl_pow_f16_i32, odl_pow_f16_i64, odl_pow_f32_f16, odl_pow_i32_i32, odl_pow_i32_i64,
    odl_pow_i64_i32, odl_pow_i64_i64;

/* y[o][c][i] = x[o][c][i] * scale[c] + shift[c]. */
struct odl_scale_shift {
    const void *x, *scale, *shift;
    void *y;
    int32_t outer, channels, inner;
};
odl_kernel odl_scale_shift_f32, odl_scale_shift_f16;

#endif
