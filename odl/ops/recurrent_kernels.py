"""The kernels of LSTM, GRU and RNN: one time step each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops.recurrent_math import ACTIVATIONS, Cell, State, Tracked, gru_step, lstm_step, rnn_step
from odl.ops.wide import wide
from odl.program import In, Out, kernel

Array = npt.NDArray[Any]
Ints = tuple[int, ...]
NAMES = tuple(ACTIVATIONS)


def _run(
    cell_step: Callable[[Cell, Tracked, State], State],
    gates: int,
    a: dict[str, Any],
    states: dict[str, tuple[str, str]],
    flag: int = 0,
) -> None:
    """One step of every direction; `states` gives each state's operands before and behind."""
    n, hidden, batch = a["directions"], a["hidden"], a["batch"]
    size, shape = n * batch * hidden, (n, batch, hidden)
    w = wide(a["w"][: n * gates * hidden * a["inputs"]]).reshape(n, gates * hidden, -1)
    r = wide(a["r"][: n * gates * hidden * hidden]).reshape(n, gates * hidden, hidden)
    b = np.zeros((n, 2 * gates * hidden), np.float32)
    if a["b"] is not None:
        b = wide(a["b"][: b.size]).reshape(b.shape)
    p = np.zeros((n, 3 * hidden), np.float32)
    if a.get("peephole") is not None:
        p = wide(a["peephole"][: p.size]).reshape(p.shape)
    halves = a["h"][: 2 * size].reshape(2, *shape)
    old = {}
    for name, (before, state) in states.items():
        if a["step"] == 0:
            given = a[before]
            old[name] = np.zeros(shape) if given is None else wide(given[:size]).reshape(shape)
        elif name == "h":
            old[name] = halves[(a["step"] + 1) % 2].copy()
        else:
            old[name] = a[state][:size].reshape(shape).copy()
    per = len(a["activations"]) // n
    for d in range(n):
        time = a["steps"] - 1 - a["step"] if a["backward"] >> d & 1 else a["step"]
        at = time * a["x_stride"][0] + np.arange(batch)[:, None] * a["x_stride"][1]
        x = wide(a["x"][at + np.arange(a["inputs"])])
        names = tuple(NAMES[i] for i in a["activations"][d * per : (d + 1) * per])
        cell = Cell(w[d], r[d], b[d], p[d], names, a["clip"], flag, 0.0)
        before_step = tuple(Tracked.exact(old[name][d]) for name in states)
        new = cell_step(cell, Tracked.exact(x), before_step)
        halves[a["step"] % 2, d] = new[0].value
        if a["y"] is not None:
            to = time * a["y_stride"][0] + d * a["y_stride"][1]
            to = to + np.arange(batch)[:, None] * a["y_stride"][2] + np.arange(hidden)
            a["y"][to] = new[0].value
        for (name, (_, state)), end in zip(states.items(), new, strict=True):
            if name != "h":
                a[state][:size].reshape(shape)[d] = end.value
            if a[f"y_{name}"] is not None:
                a[f"y_{name}"][:size].reshape(shape)[d] = end.value


@kernel
def lstm(
    x: In,
    w: In,
    r: In,
    b: In | None,
    peephole: In | None,
    h0: In | None,
    c0: In | None,
    y: Out | None,
    y_h: Out | None,
    y_c: Out | None,
    h: Out,
    c: Out,
    step: int,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    directions: int,
    backward: int,
    x_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    activations: tuple[int, ...],
    input_forget: int,
    clip: float,
) -> None:
    """One time step of an LSTM."""
    _run(lstm_step, 4, locals(), {"h": ("h0", "h"), "c": ("c0", "c")}, input_forget)


@kernel
def gru_gates(
    x: In,
    w: In,
    r: In,
    b: In | None,
    h0: In | None,
    y: Out | None,
    y_h: Out | None,
    h: Out,
    gates: Out,
    step: int,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    directions: int,
    backward: int,
    x_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    activations: tuple[int, ...],
    linear_before_reset: int,
    clip: float,
) -> None:
    """First half of a time step of a GRU; in NumPy the second half does all of it."""


@kernel
def gru_update(
    x: In,
    w: In,
    r: In,
    b: In | None,
    h0: In | None,
    y: Out | None,
    y_h: Out | None,
    h: Out,
    gates: Out,
    step: int,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    directions: int,
    backward: int,
    x_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    activations: tuple[int, ...],
    linear_before_reset: int,
    clip: float,
) -> None:
    """One time step of a GRU."""
    _run(gru_step, 3, locals(), {"h": ("h0", "h")}, linear_before_reset)


@kernel
def rnn(
    x: In,
    w: In,
    r: In,
    b: In | None,
    h0: In | None,
    y: Out | None,
    y_h: Out | None,
    h: Out,
    step: int,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    directions: int,
    backward: int,
    x_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    activations: tuple[int, ...],
    clip: float,
) -> None:
    """One time step of a plain RNN."""
    _run(rnn_step, 1, locals(), {"h": ("h0", "h")})
