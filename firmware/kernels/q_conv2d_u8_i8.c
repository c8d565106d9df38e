/* Convolution of unsigned bytes with weights of 8 bits. */
#define T uint8_t
#define W int8_t
#define NAME odl_q_conv2d_u8_i8
#define NAME_(part) odl_q_conv2d_u8_i8_##part
#include "q_conv2d.inc"
