/* LogSoftmax in half precision on PULP cores; what it computes is single. */
#define T _Float16
#define NAME odl_log_softmax_f16_xpulp
#define NAME_(part) log_softmax_f16_##part
#define SIZE 2
#define LOAD XPULP_LH
#define WIDEN XPULP_WIDEN
#define LENGTH 2
#define AWAY(lanes) odl_by_pairs(pairs, halves, lanes)

#include "reduce_xpulp.h"

#define OFF(v) "fsub.s " v ", " v ", %[c]\nfsub.s " v ", " v ", %[d]\n"
#define OFF_HALF(a, b) XPULP_WIDEN(a) OFF(a) XPULP_NARROW(a)
#define SPLIT(a, b) "srli " b ", " a ", 16\n" XPULP_WIDEN(a) XPULP_WIDEN(b)
#define OFF_BOTH(a, b) OFF(a) OFF(b) XPULP_PACK(a, a, b)
ODL_LANES(pairs, XPULP_LW, XPULP_NO_LOAD, SPLIT, OFF_BOTH, XPULP_SW, 10)
ODL_LANES(halves, XPULP_LH, XPULP_NO_LOAD, OFF_HALF, XPULP_NO_OP, XPULP_SH, 6)

#include "log_softmax_xpulp.inc"
