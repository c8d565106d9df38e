/* Geometry of sliding windows: pools and convolutions. */
#ifndef ODL_POOL_H
#define ODL_POOL_H

#include "odl/kernels.h"

/* Taps of a window starting at `start` that fall inside [0, n). */
static inline struct odl_range odl_pool_taps(int32_t start, int32_t n, int32_t size,
                                             int32_t dilation) {
    int32_t begin = start < 0 ? (dilation - 1 - start) / dilation : 0;
    int32_t end = start >= n ? 0 : (n - start + dilation - 1) / dilation;
    end = end < size ? end : size;
    return (struct odl_range){begin < end ? begin : end, end};
}

/* Of n windows, those whose tap lies in [0, size): that of the first is at `start`. */
static inline struct odl_range odl_pool_inside(int32_t n, int32_t start, int32_t stride,
                                               int32_t size) {
    struct odl_range in = {0, n};
    while (in.begin < in.end && start + in.begin * stride < 0) {
        in.begin++;
    }
    while (in.begin < in.end && start + (in.end - 1) * stride >= size) {
        in.end--;
    }
    return in;
}

/* Taps that the divisor of a mean counts along one axis. */
static inline int32_t odl_pool_count(const struct odl_average_pool *p, int axis, int32_t start,
                                     struct odl_range inside) {
    if (!p->count_padding) {
        return inside.end - inside.begin;
    }
    const int32_t frame = p->pad[axis] + p->in_dhw[axis] + p->end[axis];
    struct odl_range r =
        odl_pool_taps(start + p->pad[axis], frame, p->size[axis], p->dilation[axis]);
    return r.end - r.begin;
}

/* Whether there is one window, and it is the whole map. */
static inline int odl_pool_is_global(const struct odl_average_pool *p) {
    for (int a = 0; a < 3; a++) {
        if (p->out_dhw[a] != 1 || p->size[a] != p->in_dhw[a] || p->pad[a] + p->end[a] != 0) {
            return 0;
        }
    }
    return 1;
}

#endif
