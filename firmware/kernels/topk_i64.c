/* The largest or smallest elements in int64. */
#define T int64_t
#define IS_NAN(v) 0
#define NAME odl_topk_i64
#include "topk.inc"
