/* The largest or smallest elements in half precision, computed in single. */
#define T _Float16
#define IS_NAN(v) ((v) != (v))
#define NAME odl_topk_f16
#include "topk.inc"
