/* Walking a loop nest of ODL_RANK dimensions from any element on. */
#ifndef ODL_NEST_H
#define ODL_NEST_H

#include "odl/kernels.h"

/* Number of elements of a nest. */
static inline int32_t odl_nest_size(const int32_t dims[ODL_RANK]) {
    int32_t n = 1;
    for (int d = 0; d < ODL_RANK; d++) {
        n *= dims[d];
    }
    return n;
}

/* Coordinates of the element that stands at place `at` in row-major order. */
static inline void odl_nest_seek(int32_t i[ODL_RANK], const int32_t dims[ODL_RANK], int32_t at) {
    for (int d = ODL_RANK - 1; d >= 0; d--) {
        i[d] = at % dims[d];
        at /= dims[d];
    }
}

/* Coordinates `steps` further along the last dimension; they may reach, not pass, its end. */
static inline void odl_nest_advance(int32_t i[ODL_RANK], const int32_t dims[ODL_RANK],
                                    int32_t steps) {
    i[ODL_RANK - 1] += steps;
    for (int d = ODL_RANK - 1; d > 0 && i[d] >= dims[d]; d--) {
        i[d] = 0;
        i[d - 1]++;
    }
}

/* Offset of an element in a tensor with these strides. */
static inline int32_t odl_nest_offset(const int32_t i[ODL_RANK], const int32_t stride[ODL_RANK]) {
    int32_t offset = 0;
    for (int d = 0; d < ODL_RANK; d++) {
        offset += i[d] * stride[d];
    }
    return offset;
}

#endif
