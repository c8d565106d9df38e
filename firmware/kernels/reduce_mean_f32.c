/* ReduceMean in single precision. */
#include "nest.h"

void odl_reduce_mean_f32(const void *args, struct odl_core core) {
    const struct odl_reduce_mean *a = args;
    const int32_t last = ODL_RANK - 1;
    const int32_t n = odl_nest_size(a->reduced), step = a->reduced_stride[last];
    float *y = a->y;
    struct odl_range r = odl_split(odl_nest_size(a->dims), core);
    int32_t i[ODL_RANK];
    odl_nest_seek(i, a->dims, r.begin);
    for (int32_t at = r.begin; at < r.end; at++) {
        const float *base = (const float *)a->x + odl_nest_offset(i, a->stride);
        int32_t j[ODL_RANK] = {0};
        float sum = 0.0f;
        for (int32_t done = 0; done < n; done += a->reduced[last]) {
            const float *x = base + odl_nest_offset(j, a->reduced_stride);
            for (int32_t k = 0; k < a->reduced[last]; k++) {
                sum += x[k * step];
            }
            odl_nest_advance(j, a->reduced, a->reduced[last]);
        }
        y[at] = sum / (float)n;
        odl_nest_advance(i, a->dims, 1);
    }
}
