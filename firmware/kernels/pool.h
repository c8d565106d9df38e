/* Geometry of pooling windows in three dimensions. */
#ifndef ODL_POOL_H
#define ODL_POOL_H

#include "odl/team.h"

/* Taps of a window starting at `start` that fall inside [0, n). */
static inline struct odl_range odl_pool_taps(int32_t start, int32_t n, int32_t size,
                                             int32_t dilation) {
    int32_t begin = start < 0 ? (dilation - 1 - start) / dilation : 0;
    int32_t end = start >= n ? 0 : (n - start + dilation - 1) / dilation;
    end = end < size ? end : size;
    return (struct odl_range){begin < end ? begin : end, end};
}

#endif
