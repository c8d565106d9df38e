/* The largest or smallest elements in single precision. */
#define T float
#define IS_NAN(v) ((v) != (v))
#define NAME odl_topk_f32
#include "topk.inc"
