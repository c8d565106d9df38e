/* LogSoftmax in single precision. */
#define T float
#define NAME odl_log_softmax_f32
#include "log_softmax.inc"
