/* Normalisation of rows in single precision on PULP cores. */
#define T float
#define NAME odl_layer_norm_f32_xpulp
#define NAME_(part) layer_norm_f32_##part
#define SIZE 4
#define LOAD XPULP_LW
#define WIDEN XPULP_NO_WIDEN
#define NARROW XPULP_NO_NARROW
#define STORE XPULP_SW
#define LENGTH 1
#define AWAY(lanes) odl_by_words(words, 0, lanes)

#include "xpulp_lanes.h"

#define UNIT(a, b) "fsub.s " a ", " a ", %[c]\nfmul.s " a ", " a ", %[d]\n"
ODL_LANES(words, XPULP_LW, XPULP_NO_LOAD, UNIT, XPULP_NO_OP, XPULP_SW, 4)

#include "layer_norm_xpulp.inc"
