/*
 * Matrix product in half precision on PULP cores, two products an instruction. Sums stay in half
 * precision for 64 steps and are then added up, in half precision too.
 */
#include "xpulp.h"

/* What the two forms of a product do not cover. */
#define T _Float16
#define ACC float
#define NAME odl_matmul_f16_xpulp_any
#define NAME_(part) odl_matmul_f16_xpulp_any_##part
static odl_kernel NAME;
#include "matmul.inc"
#undef NAME
#undef NAME_
#undef T

#define NAME_(part) odl_matmul_f16_xpulp_wide_##part
#include "xpulp_wide.inc"
#define STEPS(k) odl_even_steps(k)
#include "xpulp_product.inc"

#define NAME_(part) odl_matmul_f16_xpulp_deep_##part
#include "xpulp_deep.inc"
#define STEPS(k) odl_even_steps(k)
#include "xpulp_product.inc"

/* The step that has no partner, and what is behind it. */
static __attribute__((noinline)) void add_last_step(const struct odl_matmul *p, const _Float16 *a,
                                                    const _Float16 *b, _Float16 *y,
                                                    struct odl_part part) {
    a += p->k - 1;
    b += p->k - 1;
    for (int32_t i = part.rows.begin; i < part.rows.end; i++) {
        const _Float16 factor = a[i * p->a_stride[0]];
        for (int32_t j = part.columns.begin; j < part.columns.end; j++) {
            const _Float16 v = y[i * p->n + j] + factor * b[j * p->b_stride[1]];
            y[i * p->n + j] = p->relu && v < 0 ? (_Float16)0 : v;
        }
    }
}

static void odl_matmul_f16_xpulp_product_of(const struct odl_matmul *p, const _Float16 *a,
                                            const _Float16 *b, _Float16 *y, struct odl_part part) {
    struct odl_product product = odl_product_of(p, a, b, y, sizeof(_Float16));
    if (p->b_stride[1] == 1) {
        product.b_column = 4;
        odl_matmul_f16_xpulp_wide_product(&product, part);
        return;
    }
    product.k = p->k / 2;
    product.a_step = product.b_step = 4;
    if (p->k & 1) {
        product.ends &= ODL_ADDED;
    }
    odl_matmul_f16_xpulp_deep_product(&product, part);
    if (p->k & 1) {
        add_last_step(p, a, b, y, part);
    }
}

#define T _Float16
#define COLUMNS 2
#define NAME odl_matmul_f16_xpulp_dense
#define NAME_(part) odl_matmul_f16_xpulp_##part
static odl_kernel NAME;
#include "matmul_xpulp.inc"

void odl_matmul_f16_xpulp(const void *args, struct odl_core core) {
    const struct odl_matmul *p = args;
    const int is_wide = p->b_stride[1] == 1;
    const int is_deep = p->a_stride[1] == 1 && p->b_stride[0] == 1 && p->k > 1;
    const int is_plain = (is_wide || is_deep) && p->alpha == 1;
    (is_plain ? odl_matmul_f16_xpulp_dense : odl_matmul_f16_xpulp_any)(args, core);
}
