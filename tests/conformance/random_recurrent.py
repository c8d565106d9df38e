"""Random LSTM, GRU and RNN layers: every direction, odd sizes, optional inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.conformance.random_models import Builder, pick, size

KINDS_OF_CELL = {"LSTM": (4, 3), "GRU": (3, 2), "RNN": (1, 1)}
"""Gates, and activations of a direction."""


def layer(b: Builder, op: str) -> tuple[str, ...]:
    r, (gates, functions) = b.rng, KINDS_OF_CELL[op]
    direction = pick(r, "forward", "reverse", "bidirectional")
    n = 2 if direction == "bidirectional" else 1
    steps, batch, inputs, hidden = (size(r, 1, high) for high in (6, 3, 5, 6))
    attributes: dict[str, object] = {"hidden_size": hidden, "direction": direction}
    more = [pick(r, "", b.weight(n, 2 * gates * hidden)), ""]
    if pick(r, True, False):
        more.append(b.input(n, batch, hidden))
        if op == "LSTM":
            more.append(b.input(n, batch, hidden))
            if pick(r, True, False):
                more.append(b.weight(n, 3 * hidden))
    if op == "GRU":
        attributes["linear_before_reset"] = size(r, 0, 1)
    if pick(r, True, False):
        attributes["clip"] = 0.8
    if pick(r, True, False):
        last = pick(r, "Relu", "Softsign", "Tanh")
        names = ["Sigmoid"] * (functions > 1) + [last] * max(1, functions - 1)
        attributes["activations"] = names * n
    x = b.input(steps, batch, inputs)
    w, recurrent = b.weight(n, gates * hidden, inputs), b.weight(n, gates * hidden, hidden)
    outputs = 3 if op == "LSTM" else 2
    y = b(op, x, w, recurrent, *more, outputs=outputs, **attributes)
    chosen = [y, *(f"{y}_{i}" for i in range(1, outputs))]
    return tuple(chosen[size(r, 0, outputs - 1) :])


def lstm(b: Builder) -> tuple[str, ...]:
    return layer(b, "LSTM")


def gru(b: Builder) -> tuple[str, ...]:
    return layer(b, "GRU")


def rnn(b: Builder) -> tuple[str, ...]:
    return layer(b, "RNN")


def stack(b: Builder) -> tuple[str, ...]:
    """Two LSTM layers and a product, as a network of sensors has them."""
    x, hidden = b.input(9, 1, 6), 8
    for inputs in (6, hidden):
        w, r = b.weight(1, 4 * hidden, inputs), b.weight(1, 4 * hidden, hidden)
        y = b("LSTM", x, w, r, b.weight(1, 8 * hidden), hidden_size=hidden, outputs=2)
        x = b("Squeeze", y, b.constant(np.array([1])))
    last = b("Squeeze", f"{y}_1", b.constant(np.array([0])))
    return (b("Softmax", b("MatMul", last, b.weight(hidden, 5)), axis=1),)


KINDS: dict[Callable[[Builder], tuple[str, ...]], int] = {lstm: 14, gru: 10, rnn: 6, stack: 2}
