/* MaxPool in half precision on PULP cores. */
#define T _Float16
#define LEAST (T)(-__builtin_inff())
#define LOAD XPULP_LH
#define STORE XPULP_SH
#define NAME odl_max_pool_f16_xpulp
#define NAME_(part) odl_max_pool_f16_xpulp_##part

/* a ^ b ^ min(a, b): of two numbers the larger one; NaN, which is never the smaller one, stays. */
#define LARGER(a, b)                                                                               \
    XPULP_OP("fmin.h", "%[t]", a, b) XPULP_OP("xor", a, a, b) XPULP_OP("xor", a, a, "%[t]")

#include "max_pool_xpulp.inc"

#undef NAME
#define NAME odl_max_pool_f16_xpulp_any
#include "max_pool.inc"
