/* The largest or smallest elements in uint8. */
#define T uint8_t
#define IS_NAN(v) 0
#define NAME odl_topk_u8
#include "topk.inc"
