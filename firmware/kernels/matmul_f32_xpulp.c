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
    const struct odl_product product = {
        .a = a,
        .b = b,
        .y = y,
        .k = p->k,
        .a_row = 4 * p->a_stride[0],
        .a_step = 4 * p->a_stride[1],
        .b_column = 4 * p->b_stride[1],
        .b_step = 4 * p->b_stride[0],
        .y_row = p->n,
        .ends = (odl_is_added(p) ? ODL_ADDED : 0) | (p->relu ? ODL_RELU : 0),
        .bias = odl_is_row_bias(p) ? p->bias : 0,
        .bias_row = p->bias_stride[0],
    };
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
