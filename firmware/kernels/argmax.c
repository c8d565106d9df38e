/* ArgMax. */
#include "index_of.h"

INDEX_OF(argmax, f32, float, >)
INDEX_OF_INTS(argmax, >)
#ifdef __FLT16_MANT_DIG__
INDEX_OF(argmax, f16, _Float16, >)
#endif
