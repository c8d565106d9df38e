"""LSTM, GRU and RNN over whole sequences in NumPy, with the error that single precision may make.

An error is carried beside each value: through a sum of K products gamma(K) of the magnitudes and
the errors of the factors (Higham, 3.5), through an activation its largest slope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops.operator import gamma

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """An activation, its largest slope, and its error in single precision in ULP."""

    run: Callable[[Array], Array]
    slope: float
    ulps: float


def _sigmoid(x: Array) -> Array:
    return np.asarray(np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x))))


ACTIVATIONS = {
    "Sigmoid": Activation(_sigmoid, 0.25, 1.9),
    "Tanh": Activation(np.tanh, 1.0, 1.5),
    "Relu": Activation(lambda x: np.maximum(x, 0), 1.0, 0.0),
    "Softsign": Activation(lambda x: x / (1 + np.abs(x)), 1.0, 1.05),
    "Softplus": Activation(lambda x: np.logaddexp(0, x), 1.0, 1.9),
}
"""In the order of enum odl_activation."""


@dataclass(frozen=True)
class Tracked:
    """A value and a bound of its error."""

    value: Array
    error: Array

    @staticmethod
    def exact(value: Array) -> Tracked:
        return Tracked(value, np.zeros(np.shape(value)))


@dataclass(frozen=True)
class Cell:
    """What does not change from step to step, of one direction; shapes as ONNX has them."""

    w: Array
    r: Array
    b: Array
    peephole: Array
    activations: tuple[str, ...]
    clip: float
    flag: int
    """LSTM's input_forget, or GRU's linear_before_reset."""
    u: float
    """Unit roundoff; 0 where errors are not wanted."""

    @property
    def hidden(self) -> int:
        return int(self.r.shape[1])

    def rows(self, gate: int) -> slice:
        return slice(gate * self.hidden, (gate + 1) * self.hidden)

    def bias(self, gate: int) -> tuple[Array, Array]:
        """Of the input and of the recurrence."""
        half = len(self.b) // 2
        at = self.rows(gate)
        return self.b[:half][at], self.b[half:][at]

    def both(self, gate: int) -> Array:
        """The sum of the two."""
        return np.add(*self.bias(gate))

    def sum(self, *terms: tuple[Tracked, Array], bias: Array) -> Tracked:
        """Products of vectors [batch, n] and matrices [hidden, n], summed up with the bias."""
        value = bias + sum(v.value @ m.T for v, m in terms)
        size = np.abs(bias) + sum(np.abs(v.value) @ np.abs(m).T for v, m in terms)
        carried = sum(v.error @ np.abs(m).T for v, m in terms)
        n = sum(m.shape[1] for _, m in terms) + 4
        return Tracked(value, gamma(n, self.u) * (size + carried) + carried)

    def plus(self, a: Tracked, b: Tracked) -> Tracked:
        value, error = a.value + b.value, a.error + b.error
        return Tracked(value, error + self.u * (np.abs(value) + error))

    def times(self, a: Tracked, b: Tracked) -> Tracked:
        error = a.error * np.abs(b.value) + np.abs(a.value) * b.error + a.error * b.error
        value = a.value * b.value
        return Tracked(value, error + self.u * (np.abs(value) + error))

    def rest(self, a: Tracked) -> Tracked:
        """1 - a."""
        return Tracked(1 - a.value, a.error + self.u * (np.abs(1 - a.value) + a.error))

    def activate(self, kind: int, a: Tracked, clip: bool = True) -> Tracked:
        f = ACTIVATIONS[self.activations[kind]]
        v = np.clip(a.value, -self.clip, self.clip) if clip and self.clip > 0 else a.value
        y = f.run(v)
        return Tracked(y, f.slope * a.error + f.ulps * 2 * self.u * (np.abs(y) + a.error))


State = tuple[Tracked, ...]


def lstm_step(cell: Cell, x: Tracked, state: State) -> State:
    """(h, c) behind one step; gates in the order i, o, f, c."""
    h, c = state

    def gate(number: int, kind: int, seen: Tracked | None = None, peephole: int = 0) -> Tracked:
        at = cell.rows(number)
        total = cell.sum((x, cell.w[at]), (h, cell.r[at]), bias=cell.both(number))
        if seen is not None and cell.peephole.any():
            p = Tracked.exact(cell.peephole[cell.rows(peephole)])
            total = cell.plus(total, cell.times(seen, p))
        return cell.activate(kind, total)

    i = gate(0, 0, c, 0)
    f = cell.rest(i) if cell.flag else gate(2, 0, c, 2)
    new = cell.plus(cell.times(f, c), cell.times(i, gate(3, 1)))
    return cell.times(gate(1, 0, new, 1), cell.activate(2, new, clip=False)), new


def gru_step(cell: Cell, x: Tracked, state: State) -> State:
    """(h,) behind one step; gates in the order z, r, h."""
    (h,) = state
    z, r = (
        cell.activate(
            0,
            cell.sum((x, cell.w[cell.rows(g)]), (h, cell.r[cell.rows(g)]), bias=cell.both(g)),
        )
        for g in (0, 1)
    )
    at, (wb, rb) = cell.rows(2), cell.bias(2)
    if cell.flag:
        recurrent = cell.times(r, cell.sum((h, cell.r[at]), bias=rb))
        total = cell.plus(cell.sum((x, cell.w[at]), bias=wb), recurrent)
    else:
        total = cell.sum((x, cell.w[at]), (cell.times(r, h), cell.r[at]), bias=wb + rb)
    n = cell.activate(1, total)
    return (cell.plus(cell.times(cell.rest(z), n), cell.times(z, h)),)


def rnn_step(cell: Cell, x: Tracked, state: State) -> State:
    """(h,) behind one step."""
    (h,) = state
    return (cell.activate(0, cell.sum((x, cell.w), (h, cell.r), bias=cell.both(0))),)


def unroll(
    step: Callable[[Cell, Tracked, State], State],
    cells: list[Cell],
    x: Array,
    states: list[State],
    backward: list[bool],
) -> tuple[Tracked, list[Tracked]]:
    """All directions over x [steps, batch, inputs].

    Returns:
        y [steps, directions, batch, hidden], and the last states [directions, batch, hidden].
    """
    steps, batch = x.shape[:2]
    shape = (steps, len(cells), batch, cells[0].hidden)
    y = Tracked(np.zeros(shape), np.zeros(shape))
    last = []
    for d, (cell, state) in enumerate(zip(cells, states, strict=True)):
        for t in reversed(range(steps)) if backward[d] else range(steps):
            state = step(cell, Tracked.exact(x[t]), state)
            y.value[t, d], y.error[t, d] = state[0].value, state[0].error
        last.append(state)
    ends = [
        Tracked(np.stack([s.value for s in parts]), np.stack([s.error for s in parts]))
        for parts in zip(*last, strict=True)
    ]
    return y, ends
