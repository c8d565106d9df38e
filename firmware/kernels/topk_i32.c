/* The largest or smallest elements in int32. */
#define T int32_t
#define IS_NAN(v) 0
#define NAME odl_topk_i32
#include "topk.inc"
