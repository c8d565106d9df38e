/* LogSoftmax in single precision on PULP cores. */
#include "xpulp_exp_sum.h"

#define OFF(a, b) "fsub.s " a ", " a ", %[c]\nfsub.s " a ", " a ", %[d]\n"
ODL_LANES(words, XPULP_LW, XPULP_NO_LOAD, OFF, XPULP_NO_OP, XPULP_SW, 4)

#define T float
#define NAME odl_log_softmax_f32_xpulp
#define SUM(x, n, step) odl_exp_sum_f32(x, 0, n, step)
#define AWAY(lanes) odl_by_words(words, 0, lanes)
#include "log_softmax_xpulp.inc"
