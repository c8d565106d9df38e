/* LogSoftmax in single precision on PULP cores. */
#define T float
#define NAME odl_log_softmax_f32_xpulp
#define NAME_(part) log_softmax_f32_##part
#define SIZE 4
#define LOAD XPULP_LW
#define WIDEN XPULP_NO_WIDEN
#define LENGTH 1
#define AWAY(lanes) odl_by_words(words, 0, lanes)

#include "xpulp_lanes.h"

#define OFF(a, b) "fsub.s " a ", " a ", %[c]\nfsub.s " a ", " a ", %[d]\n"
ODL_LANES(words, XPULP_LW, XPULP_NO_LOAD, OFF, XPULP_NO_OP, XPULP_SW, 4)

#include "log_softmax_xpulp.inc"
