/* What drawing positions is made of. */
#ifndef ODL_SAMPLE_H
#define ODL_SAMPLE_H

#include <float.h>
#include <stdint.h>

/* The power of two that brings the largest norm to at least 2^14 and below 2^15. */
static inline float odl_sample_scale(float top) {
    union {
        float value;
        uint32_t bits;
    } scale = {top};
    const int32_t exponent = (int32_t)(scale.bits >> 23 & 0xff) - 127;
    scale.bits = (uint32_t)(127 + 14 - (exponent < -100 ? -100 : exponent)) << 23;
    return scale.value;
}

/* Let the element at `at` sink to its place in a heap whose root is the smallest. */
static inline void odl_sink(uint32_t *heap, int32_t at, int32_t n) {
    const uint32_t v = heap[at];
    for (int32_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        child += child + 1 < n && heap[child + 1] < heap[child];
        if (heap[child] >= v) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = v;
}

/* The largest first. */
static inline void odl_sort_down(uint32_t *v, int32_t n) {
    for (int32_t at = n / 2 - 1; at >= 0; at--) {
        odl_sink(v, at, n);
    }
    for (int32_t last = n - 1; last > 0; last--) {
        const uint32_t smallest = v[0];
        v[0] = v[last];
        v[last] = smallest;
        odl_sink(v, 0, last);
    }
}

/* Where rising sums first exceed a number that is below the last of them. */
static inline int32_t odl_first_above(const uint32_t *sums, int32_t n, uint32_t number) {
    int32_t low = 0, high = n - 1;
    while (low < high) {
        const int32_t middle = (low + high) / 2;
        if (sums[middle] > number) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

#endif
