/* Matrix product in single precision on PULP cores. */
#include "xpulp.h"

/* For an alpha other than 1. */
#define T float
#define ACC float
#define NAME odl_matmul_f32_xpulp_any
#define NAME_(part) odl_matmul_f32_xpulp_any_##part
static odl_kernel NAME;
#include "matmul.inc"
#undef NAME
#undef NAME_
#undef T

#define NAME_(part) odl_matmul_f32_xpulp_##part
#include "xpulp_single.inc"
#define STEPS(k) (k)
#include "xpulp_product.inc"

static void odl_matmul_f32_xpulp_product_of(const struct odl_matmul *p, const float *a,
                                            const float *b, float *y, struct odl_part part) {
    const struct odl_product product = odl_product_of(p, a, b, y, sizeof(float));
    odl_matmul_f32_xpulp_product(&product, part);
}

#define T float
#define COLUMNS 1
#define NAME odl_matmul_f32_xpulp_dense
#define NAME_(part) odl_matmul_f32_xpulp_##part
static odl_kernel NAME;
#include "matmul_xpulp.inc"

void odl_matmul_f32_xpulp(const void *args, struct odl_core core) {
    const struct odl_matmul *p = args;
    (p->alpha == 1 ? odl_matmul_f32_xpulp_dense : odl_matmul_f32_xpulp_any)(args, core);
}
