/* Normalisation of rows in half precision on PULP cores; what it computes is single. */
#define T _Float16
#define NAME odl_layer_norm_f16_xpulp
#define NAME_(part) layer_norm_f16_##part
#define SIZE 2
#define LOAD XPULP_LH
#define WIDEN XPULP_WIDEN
#define NARROW XPULP_NARROW
#define STORE XPULP_SH
#define LENGTH 2
#define AWAY(lanes) odl_by_pairs(pairs, halves, lanes)

#include "reduce_xpulp.h"

#define UNIT(v) "fsub.s " v ", " v ", %[c]\nfmul.s " v ", " v ", %[d]\n"
#define UNIT_HALF(a, b) XPULP_WIDEN(a) UNIT(a) XPULP_NARROW(a)
#define UNIT_BOTH(a, b) UNIT(a) UNIT(b) XPULP_PACK(a, a, b)
ODL_LANES(pairs, XPULP_LW, XPULP_NO_LOAD, XPULP_SPLIT, UNIT_BOTH, XPULP_SW, 10)
ODL_LANES(halves, XPULP_LH, XPULP_NO_LOAD, UNIT_HALF, XPULP_NO_OP, XPULP_SH, 6)

#include "layer_norm_xpulp.inc"
