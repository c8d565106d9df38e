/* Strided copies with vectors, of elements as wide as a float or half a float. */
#include "nest.h"
#include "odl/vector.h"

/* Loads and stores do not look at the bits, so that any type of the size will do. */
#define COPY(SUFFIX, T)                                                                            \
    void odl_copy_##SUFFIX##_rvv(const void *args, struct odl_core core) {                         \
        const struct odl_copy *p = args;                                                           \
        const int32_t last = ODL_RANK - 1;                                                         \
        const int32_t sx = p->x_stride[last], sy = p->y_stride[last];                              \
        struct odl_range r = odl_split(odl_nest_size(p->dims), core);                              \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        while (r.begin < r.end) {                                                                  \
            int32_t run = p->dims[last] - i[last];                                                 \
            run = run < r.end - r.begin ? run : r.end - r.begin;                                   \
            const T *x = (const T *)p->x + odl_nest_offset(i, p->x_stride);                        \
            T *y = (T *)p->y + odl_nest_offset(i, p->y_stride);                                    \
            for (int32_t k = 0; k < run;) {                                                        \
                const size_t n = odl_lanes_for(run - k);                                           \
                odl_vstore(y + k * sy, sy, odl_vload(x + k * sx, sx, n), n);                       \
                k += (int32_t)n;                                                                   \
            }                                                                                      \
            odl_nest_advance(i, p->dims, run);                                                     \
            r.begin += run;                                                                        \
        }                                                                                          \
    }

COPY(b32, float)
COPY(b16, _Float16)
