/* y = x * scale[channel] + shift[channel], with vectors along the channel's elements. */
#include "odl/kernels.h"
#include "odl/vector.h"

/*
 * Rows of work are (outer, channel); where a channel has a single element they are `outer`, and the
 * lanes are channels.
 */
#define SCALE_SHIFT(SUFFIX, T)                                                                     \
    void odl_scale_shift_##SUFFIX##_rvv(const void *args, struct odl_core core) {                  \
        const struct odl_scale_shift *p = args;                                                    \
        const int32_t columns = p->inner == 1 ? p->channels : p->inner;                            \
        const int32_t step = p->inner == 1;                                                        \
        struct odl_range r = odl_split(p->outer * (step ? 1 : p->channels), core);                 \
        for (int32_t row = r.begin; row < r.end; row++) {                                          \
            const int32_t channel = step ? 0 : row % p->channels;                                  \
            const T *scale = (const T *)p->scale + channel;                                        \
            const T *shift = (const T *)p->shift + channel;                                        \
            const T *x = (const T *)p->x + row * columns;                                          \
            T *y = (T *)p->y + row * columns;                                                      \
            for (int32_t i = 0; i < columns;) {                                                    \
                const size_t n = odl_lanes_for(columns - i);                                       \
                const odl_vec s = odl_vread(scale + i * step, step, n);                            \
                const odl_vec t = odl_vread(shift + i * step, step, n);                            \
                odl_vwrite(y + i, 1, odl_vmul_add(odl_vread(x + i, 1, n), s, t, n), n);            \
                i += (int32_t)n;                                                                   \
            }                                                                                      \
        }                                                                                          \
    }

SCALE_SHIFT(f32, float)
SCALE_SHIFT(f16, _Float16)
