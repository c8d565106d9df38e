/* The largest or smallest elements in int8. */
#define T int8_t
#define IS_NAN(v) 0
#define NAME odl_topk_i8
#include "topk.inc"
