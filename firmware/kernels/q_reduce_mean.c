/* Mean of quantised numbers over the loop nest p->reduced, summed up in integers. */
#include "nest.h"
#include "quantised.h"

#define Q_REDUCE_MEAN(SUFFIX, T)                                                                   \
    void odl_q_reduce_mean_##SUFFIX(const void *args, struct odl_core core) {                      \
        const struct odl_q_reduce_mean *p = args;                                                  \
        const int32_t last = ODL_RANK - 1;                                                         \
        const int32_t n = odl_nest_size(p->reduced), step = p->reduced_stride[last];               \
        T *y = p->y;                                                                               \
        struct odl_range r = odl_split(odl_nest_size(p->dims), core);                              \
        int32_t i[ODL_RANK];                                                                       \
        odl_nest_seek(i, p->dims, r.begin);                                                        \
        for (int32_t at = r.begin; at < r.end; at++) {                                             \
            const T *base = (const T *)p->x + odl_nest_offset(i, p->stride);                       \
            int32_t j[ODL_RANK] = {0}, sum = 0;                                                    \
            for (int32_t done = 0; done < n; done += p->reduced[last]) {                           \
                const T *from = base + odl_nest_offset(j, p->reduced_stride);                      \
                for (int32_t k = 0; k < p->reduced[last]; k++) {                                   \
                    sum += from[k * step] - p->x_zero;                                             \
                }                                                                                  \
                odl_nest_advance(j, p->reduced, p->reduced[last]);                                 \
            }                                                                                      \
            y[at] = (T)odl_requantise(sum, p->multiplier, p->zero, p->low, p->high);               \
            odl_nest_advance(i, p->dims, 1);                                                       \
        }                                                                                          \
    }

Q_REDUCE_MEAN(i8, int8_t)
Q_REDUCE_MEAN(u8, uint8_t)
