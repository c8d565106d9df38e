/*
 * Elementary functions of vectors. Each takes the steps of its namesake in firmware/runtime/math.c,
 * none of them contracted, and gives the same bits: the bounds of math.h hold
 * (tests/firmware/test_vector.py).
 */
#ifndef ODL_VECTOR_MATH_H
#define ODL_VECTOR_MATH_H

#include "odl/vector.h"

/* q * r + c, rounded twice. */
ODL_INLINE odl_vec odl_vhorner(odl_vec q, odl_vec r, float c, size_t n) {
    return odl_vadd_by(odl_vmul(q, r, n), c, n);
}

/* exp(x) as odl_expf. */
ODL_INLINE odl_vec odl_vexp(odl_vec x, size_t n) {
    const odl_vec in = odl_vclamp(x, -104.0f, 89.0f, n);
    const odl_vec half = odl_vcopysign(odl_vset(0.5f, n), in, n);
    const odl_whole w = odl_vwhole(odl_vadd(odl_vmul_by(in, 1.44269502f, n), half, n), n);
    const odl_vec k = odl_wfloat(w, n);
    const odl_vec high = odl_vsub(in, odl_vmul_by(k, 0.693359375f, n), n);
    const odl_vec low = odl_vmul_by(k, -2.12194442e-4f, n);
    const odl_vec r = odl_vsub(high, low, n);
    odl_vec q = odl_vset(1.3838877e-3f, n);
    q = odl_vhorner(q, r, 8.369192e-3f, n);
    q = odl_vhorner(q, r, 4.1668102e-2f, n);
    q = odl_vhorner(q, r, 0.16666517f, n);
    q = odl_vhorner(q, r, 0.49999994f, n);
    const odl_vec tail = odl_vsub(odl_vmul(odl_vmul(r, r, n), q, n), low, n);
    const odl_vec e = odl_vadd_by(odl_vadd(high, tail, n), 1.0f, n);
    const odl_whole first = odl_whalf(w, n);
    const odl_vec scaled = odl_vmul(e, odl_wpower(first, n), n);
    const odl_vec y = odl_vmul(scaled, odl_wpower(odl_wsub(w, first, n), n), n);
    return odl_vpick(odl_vnan(x, n), x, y, n);
}

/* 1 / (1 + exp(-x)) as odl_sigmoidf. */
ODL_INLINE odl_vec odl_vsigmoid(odl_vec x, size_t n) {
    const odl_vec e = odl_vexp(odl_vneg(odl_vabs(x, n), n), n);
    const odl_vec q = odl_vdiv(e, odl_vadd_by(e, 1.0f, n), n);
    const odl_vec above = odl_vsub(odl_vset(1.0f, n), q, n);
    return odl_vpick(odl_vless_by(x, 0.0f, n), odl_vsub(e, odl_vmul(e, q, n), n), above, n);
}

/* tanh(x) as odl_tanhf. */
ODL_INLINE odl_vec odl_vtanh(odl_vec x, size_t n) {
    const odl_vec a = odl_vabs(x, n), z = odl_vmul(a, a, n);
    odl_vec p = odl_vset(1.6437879e-2f, n);
    p = odl_vhorner(p, z, -5.267201e-2f, n);
    p = odl_vhorner(p, z, 0.13320729f, n);
    p = odl_vhorner(p, z, -0.33332947f, n);
    const odl_vec near = odl_vadd(a, odl_vmul(odl_vmul(a, z, n), p, n), n);
    const odl_vec e = odl_vadd_by(odl_vexp(odl_vmul_by(a, 2.0f, n), n), 1.0f, n);
    const odl_vec one = odl_vset(1.0f, n);
    const odl_vec far = odl_vsub(one, odl_vdiv(odl_vset(2.0f, n), e, n), n);
    return odl_vcopysign(odl_vpick(odl_vless_by(a, 0.55f, n), near, far, n), x, n);
}

#endif
