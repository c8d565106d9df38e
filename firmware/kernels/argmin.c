/* ArgMin. */
#include "index_of.h"

INDEX_OF(argmin, f32, float, <)
INDEX_OF_INTS(argmin, <)
#ifdef __FLT16_MANT_DIG__
INDEX_OF(argmin, f16, _Float16, <)
#endif
