/* Convolution of signed bytes with weights of 16 bits. */
#define T int8_t
#define W int16_t
#define NAME odl_q_conv2d_i8_i16
#define NAME_(part) odl_q_conv2d_i8_i16_##part
#include "q_conv2d.inc"
