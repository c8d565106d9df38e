/* LogSoftmax in half precision. */
#define T _Float16
#define NAME odl_log_softmax_f16
#include "log_softmax.inc"
