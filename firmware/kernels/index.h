/* Indices that come from the model's data, of 32 or 64 bits, and are not to be trusted. */
#ifndef ODL_INDEX_H
#define ODL_INDEX_H

#include "odl/kernels.h"

/* Entry `at` of a tensor of int64 (wide) or int32. */
static inline int64_t odl_index(const void *index, int32_t wide, int32_t at) {
    return wide ? ((const int64_t *)index)[at] : (int64_t)((const int32_t *)index)[at];
}

/* Index i into an axis of n: negative ones count from its end; the nearest one that is inside. */
static inline int32_t odl_clamp(int64_t i, int32_t n) {
    i += i < 0 ? n : 0;
    return i < 0 ? 0 : i < n ? (int32_t)i : n - 1;
}

#endif
