/*
 * Updates of trained tensors. lr, rate, root, keep and factor point to one float each, gate to one
 * truth value: where it is 0, nothing changes. The variant is the type of the gradient g; all else
 * is in single precision. A result may stand where its old value stands.
 */
#ifndef ODL_KERNELS_OPTIMIZER_H
#define ODL_KERNELS_OPTIMIZER_H

#include "odl/kernels/common.h"

/* w_next = w - lr (factor g + decay w). Error: u |w_next| + gamma(5) |lr| (|factor g| + |decay w|).
 */
struct odl_sgd {
    const void *w, *g, *lr, *factor, *gate;
    void *w_next;
    int32_t n;
    float decay;
};
odl_kernel odl_sgd_f32, odl_sgd_f16;

/*
 * s = factor g + decay w, m_next = momentum m + s, w_next = w - lr m_next; with nesterov,
 * w_next = w - lr (s + momentum m_next).
 */
struct odl_momentum {
    const void *w, *g, *m, *lr, *factor, *gate;
    void *w_next, *m_next;
    int32_t n;
    float momentum;
    int32_t nesterov;
    float decay;
};
odl_kernel odl_momentum_f32, odl_momentum_f16;

/*
 * s = factor g + decay w, m_next = beta1 m + (1 - beta1) s, v_next = beta2 v + (1 - beta2) s^2,
 * w_next = keep w - rate m_next / (sqrt(v_next) root + epsilon).
 */
struct odl_adam {
    const void *w, *g, *m, *v, *rate, *root, *keep, *factor, *gate;
    void *w_next, *m_next, *v_next;
    int32_t n;
    float beta1, beta2, epsilon, decay;
};
odl_kernel odl_adam_f32, odl_adam_f16;

/* updates_next = updates + gate, skipped_next = skipped + 1 - sound; in_row_next counts the skipped
 * steps since the last sound one. int32. */
struct odl_count_steps {
    const void *updates, *skipped, *in_row, *sound, *gate;
    void *updates_next, *skipped_next, *in_row_next;
};
odl_kernel odl_count_steps_i32;

/* A loss scale: half, but at least 1, behind a step that is not sound; twice, but at most
 * `largest`, behind `growth` sound ones, which steady counts (int32). */
struct odl_follow_scale {
    const void *scale, *steady, *sound;
    void *scale_next, *steady_next;
    int32_t growth;
    float largest;
};
odl_kernel odl_follow_scale_f32;

#endif
