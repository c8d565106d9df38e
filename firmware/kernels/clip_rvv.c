/* Clip to limits that are scalars in memory, or absent; with vectors. */
#include "elementwise_rvv.h"

/* What is below the limit becomes the limit, and all if that is NaN. */
ODL_INLINE odl_vec raised(odl_vec x, float low, size_t n) {
    return low == low ? odl_vput(odl_vless_by(x, low, n), low, x, n) : odl_vset(low, n);
}

ODL_INLINE odl_vec lowered(odl_vec x, float high, size_t n) {
    return high == high ? odl_vput(odl_vmore_by(x, high, n), high, x, n) : odl_vset(high, n);
}

#define CLIP(SUFFIX, T)                                                                            \
    ODL_INLINE odl_vec clipped_##SUFFIX(const struct odl_clip *p, odl_vec x, size_t n) {           \
        const T *low = p->low, *high = p->high;                                                    \
        x = low ? raised(x, (float)low[0], n) : x;                                                 \
        return high ? lowered(x, (float)high[0], n) : x;                                           \
    }                                                                                              \
    UNARY_VECTOR_OF(clip, SUFFIX, T, clipped_##SUFFIX(p, x, n))

CLIP(f32, float)
CLIP(f16, _Float16)
