/* The sums that both halves of a GRU's time step need. */
#ifndef ODL_GRU_H
#define ODL_GRU_H

#include "recurrent.h"

/* W x + Wb of one gate; gates are numbered z, r, h. */
#define GRU_INPUT(T, a, GATE, SUM)                                                                 \
    do {                                                                                           \
        const int32_t in_at = (d * 3 + (GATE)) * (a)->hidden + unit;                               \
        DOT(x, (const T *)(a)->w + in_at * (a)->inputs, (a)->inputs, SUM);                         \
        if ((a)->b) {                                                                              \
            (SUM) += (float)((const T *)(a)->b)[(d * 6 + (GATE)) * (a)->hidden + unit];            \
        }                                                                                          \
    } while (0)

/* Rb of one gate. */
#define GRU_BIAS(T, a, GATE)                                                                       \
    ((a)->b ? (float)((const T *)(a)->b)[(d * 6 + 3 + (GATE)) * (a)->hidden + unit] : 0.0f)

#endif
