/* Matrix product of halves on PULP cores whose sums are of single precision. */
#include "xpulp.h"

/* For an alpha other than 1, and where a half would have to hold a sum on the way. */
#define T _Float16
#define ACC float
#define NAME odl_matmul_f16_xpulp_single_any
#define NAME_(part) odl_matmul_f16_xpulp_single_any_##part
static odl_kernel NAME;
#include "matmul.inc"
#undef NAME
#undef NAME_
#undef T

#define NAME_(part) odl_matmul_f16_xpulp_single_##part
#include "xpulp_mixed.inc"
#define STEPS(k) (k)
#include "xpulp_product.inc"

static void odl_matmul_f16_xpulp_single_product_of(const struct odl_matmul *p, const _Float16 *a,
                                                   const _Float16 *b, _Float16 *y,
                                                   struct odl_part part) {
    const struct odl_product product = odl_product_of(p, a, b, y, sizeof(_Float16));
    odl_matmul_f16_xpulp_single_product(&product, part);
}

#define T _Float16
#define COLUMNS 1
#define NAME odl_matmul_f16_xpulp_single_dense
#define NAME_(part) odl_matmul_f16_xpulp_single_##part
static odl_kernel NAME;
#include "matmul_xpulp.inc"

void odl_matmul_f16_xpulp_single(const void *args, struct odl_core core) {
    const struct odl_matmul *p = args;
    const int is_exact = !p->bias || odl_is_row_bias(p) || (p->beta == 1 && !p->addend);
    (p->alpha == 1 && is_exact ? odl_matmul_f16_xpulp_single_dense
                               : odl_matmul_f16_xpulp_single_any)(args, core);
}
