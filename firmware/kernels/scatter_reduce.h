/* What a reduction makes of an element and its update; IS_NAN(v), T and ACC as in scatter.inc. */
#ifndef ODL_SCATTER_REDUCE_H
#define ODL_SCATTER_REDUCE_H

#include "index.h"
#include "nest.h"

#define MIN(a, b) ((b) < (a) || IS_NAN(b) ? (b) : (a))
#define MAX(a, b) ((b) > (a) || IS_NAN(b) ? (b) : (a))
#define PUT(a, b, how)                                                                             \
    ((how) == ODL_ADD   ? (T)((ACC)(a) + (ACC)(b))                                                 \
     : (how) == ODL_MUL ? (T)((ACC)(a) * (ACC)(b))                                                 \
     : (how) == ODL_MIN ? MIN(a, b)                                                                \
                        : MAX(a, b))

#endif
