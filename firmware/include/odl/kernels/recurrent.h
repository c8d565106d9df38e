/* Recurrent networks: one call a time step, cores share the hidden units. */
#ifndef ODL_KERNELS_RECURRENT_H
#define ODL_KERNELS_RECURRENT_H

#include "odl/kernels/common.h"

/* Activations, as the numbers in `activations`. */
enum odl_activation { ODL_SIGMOID, ODL_TANH, ODL_RELU, ODL_SOFTSIGN, ODL_SOFTPLUS };

/*
 * One time step of an LSTM, gates in the order i, o, f, c:
 *
 *   i = f(W x + R h + b + P c), o = f(... with the new c), f = f(...), g = g(W x + R h + b)
 *   c' = f c + i g, h' = o h(c')
 *
 * x[step] is at step * x_stride[0], its rows of `inputs` elements at x_stride[1]; y at y_stride for
 * time, direction, batch. w[directions][4 hidden][inputs], r[directions][4 hidden][hidden],
 * b[directions][8 hidden], peephole[directions][3 hidden]. Direction d runs backwards through the
 * `steps` where backward >> d & 1. The state is in single precision:
 * h[2][directions][batch][hidden], where the halves change places each step, and c without the 2.
 * The first step reads h0 and c0, or zero; the last one also writes y_h and y_c. b, peephole, h0,
 * c0, y, y_h and y_c may be NULL; clip is 0 where there is none. Not in place.
 */
struct odl_lstm {
    const void *x, *w, *r, *b, *peephole, *h0, *c0;
    void *y, *y_h, *y_c, *h, *c;
    int32_t step, steps, batch, inputs, hidden, directions, backward;
    int32_t x_stride[2], y_stride[3];
    int32_t activations[6];
    int32_t input_forget;
    float clip;
};
odl_kernel odl_lstm_f32, odl_lstm_f16;

/*
 * The first half of a time step of a GRU, gates in the order z, r, h: gates[0] = z = f(W x + R h +
 * b) and gates[1] = r, or with linear_before_reset = 0 r h, each [directions][batch][hidden].
 * w[directions][3 hidden][inputs], r[directions][3 hidden][hidden], b[directions][6 hidden].
 * activations are f and g of each direction.
 */
struct odl_gru {
    const void *x, *w, *r, *b, *h0;
    void *y, *y_h, *h, *gates;
    int32_t step, steps, batch, inputs, hidden, directions, backward;
    int32_t x_stride[2], y_stride[3];
    int32_t activations[4];
    int32_t linear_before_reset;
    float clip;
};
#define odl_gru_gates odl_gru
odl_kernel odl_gru_gates_f32, odl_gru_gates_f16;

/* The second half: n = g(W x + R (r h) + b), or g(W x + r (R h + b) + b); h' = (1 - z) n + z h. */
#define odl_gru_update odl_gru
odl_kernel odl_gru_update_f32, odl_gru_update_f16;

/* One time step of a plain RNN: h' = f(W x + R h + b), b[directions][2 hidden]. */
struct odl_rnn {
    const void *x, *w, *r, *b, *h0;
    void *y, *y_h, *h;
    int32_t step, steps, batch, inputs, hidden, directions, backward;
    int32_t x_stride[2], y_stride[3];
    int32_t activations[2];
    float clip;
};
odl_kernel odl_rnn_f32, odl_rnn_f16;

#endif
