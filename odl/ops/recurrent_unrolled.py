"""LSTM, GRU and RNN step by step as ONNX nodes: the form in which training differentiates them.

One product makes the share of the input in the gates of all steps; what a step adds depends on the
step before. None stands for zeros: of a bias that is not there, and of a state at first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from odl.ops.foreign import Builder
from odl.ops.node import Node
from odl.ops.weave import Term

State = tuple[Term | None, ...]
"""h [batch, hidden], and what the kind has besides."""


@dataclass(frozen=True)
class UnrolledCell:
    """What the steps of one direction share; the order of gates is ONNX's."""

    hidden: int
    r: Sequence[Term]
    """Of one product each, for so many gates: [gates * hidden, hidden]."""
    bias: Term | None
    """Of the recurrence [gates * hidden], unless it is a part of the input's share."""
    peepholes: Sequence[Term | None]
    """Of the gates i, o, f, [hidden] each."""
    activations: tuple[str, ...]
    clip: float
    input_forget: int

    def gates(self, z: Term, *sizes: int) -> list[Term]:
        """The parts of [..., gates * hidden] that have so many gates each."""
        return split(z, [n * self.hidden for n in sizes], -1)

    def activate(self, kind: int, z: Term, clip: bool = True) -> Term:
        if clip and self.clip > 0:
            z = z.build.term("Clip", z, z.build.number(-self.clip), z.build.number(self.clip))
        return z.apply(self.activations[kind])


Step = Callable[[UnrolledCell, Term, State], State]
"""From the share of the input [batch, gates * hidden] and a state to the next one."""


def split(x: Term, sizes: Sequence[int], axis: int) -> list[Term]:
    """Parts along an axis."""
    if len(sizes) == 1:
        return [x]
    first = x.build.term("Split", x, x.build.ints(sizes), axis=axis)
    node = first.value.producer()
    assert node is not None
    node.resize_outputs(len(sizes))
    for i, value in enumerate(node.outputs):
        value.name = value.name or f"{first.value.name}.{i}"
    return [first.build.given(v) for v in node.outputs]


def join(parts: Sequence[Term], axis: int) -> Term:
    """Parts behind each other along an axis."""
    return parts[0] if len(parts) == 1 else parts[0].build.term("Concat", *parts, axis=axis)


def product(x: Term, weights: Term, plus: Term | None) -> Term:
    """x weights^T + plus."""
    return x.build.term("Gemm", x, weights, *([plus] if plus is not None else []), transB=1)


def add(a: Term, b: Term | None) -> Term:
    return a if b is None else a + b


def times(a: Term | None, b: Term | None) -> Term | None:
    return None if a is None or b is None else a * b


def lstm_step(cell: UnrolledCell, x: Term, state: State) -> State:
    """(h, c) behind one step; with input_forget, f = 1 - i."""
    h, c = state
    z = x if h is None else product(h, cell.r[0], x)
    i, o, f, new = cell.gates(z, 1, 1, 1, 1)
    to_i, to_o, to_f = cell.peepholes
    i = cell.activate(0, add(i, times(c, to_i)))
    new = cell.activate(1, new)
    if c is None:
        new = i * new
    elif cell.input_forget:
        new = c + i * (new - c)
    else:
        new = cell.activate(0, add(f, times(c, to_f))) * c + i * new
    o = cell.activate(0, add(o, times(new, to_o)))
    return o * cell.activate(2, new, clip=False), new


def gru_step(cell: UnrolledCell, x: Term, state: State) -> State:
    """(h,) behind one step, where the reset gate acts on the state."""
    (h,) = state
    zr, n = cell.gates(x, 2, 1)
    z, r = cell.gates(zr if h is None else product(h, cell.r[0], zr), 1, 1)
    z = cell.activate(0, z)
    if h is not None:
        n = product(cell.activate(0, r) * h, cell.r[1], n)
    return (_blend(z, cell.activate(1, n), h),)


def gru_linear_step(cell: UnrolledCell, x: Term, state: State) -> State:
    """(h,) behind one step, where the reset gate acts on the product with the state."""
    (h,) = state
    z, r, n = cell.gates(x, 1, 1, 1)
    before = cell.bias if h is None else product(h, cell.r[0], cell.bias)
    if before is not None:
        h_z, h_r, h_n = cell.gates(before, 1, 1, 1)
        z, n = z + h_z, n + cell.activate(0, r + h_r) * h_n
    return (_blend(cell.activate(0, z), cell.activate(1, n), h),)


def _blend(z: Term, n: Term, h: Term | None) -> Term:
    """(1 - z) n + z h."""
    return n - z * n if h is None else n + z * (h - n)


def rnn_step(cell: UnrolledCell, x: Term, state: State) -> State:
    """(h,) behind one step."""
    (h,) = state
    return (cell.activate(0, x if h is None else product(h, cell.r[0], x)),)


@dataclass(frozen=True)
class Kind:
    """A kind of cell: its step, and what that expects."""

    step: Step
    products: tuple[int, ...]
    """The gates of each product with the state."""
    bias_apart: bool = False
    """Whether the bias of the recurrence is no part of the input's share."""

    @property
    def gates(self) -> int:
        return sum(self.products)


LSTM = Kind(lstm_step, (4,))
GRU = Kind(gru_step, (2, 1))
GRU_LINEAR = Kind(gru_linear_step, (3,), bias_apart=True)
RNN = Kind(rnn_step, (1,))


@dataclass(frozen=True)
class Sequences:
    """What the node says, apart from its tensors."""

    steps: int
    batch: int
    inputs: int
    hidden: int
    backward: Sequence[bool]
    """Of each direction."""
    activations: Sequence[tuple[str, ...]]
    """Of each direction."""
    initial: Sequence[int]
    """The inputs that hold the states before the first step."""
    input_forget: int
    clip: float
    batch_first: bool


def unroll(b: Builder, node: Node, kind: Kind, s: Sequences) -> list[ir.Value | None]:
    """Y and the last states of all directions, as far as somebody wants them."""
    ends: list[State] = []
    seen: list[dict[int, Term]] = []
    parts = _directions(b, node, kind.gates * s.hidden, s)
    for d, backward in enumerate(s.backward):
        cell, shares, state = _start(b, node, kind, s, parts, d)
        seen.append({})
        for t in reversed(range(s.steps)) if backward else range(s.steps):
            b.section = f"{'reverse' if backward else 'step'}{t}/"
            state = kind.step(cell, shares[t], state)
            assert state[0] is not None
            seen[d][t] = state[0]
        b.section = ""
        ends.append(state)
    outputs: list[ir.Value | None] = [None] * len(node.ir.outputs)
    count = len(s.backward)
    if node.wants(0):
        every = [seen[d][t] for t in range(s.steps) for d in range(count)]
        shape = (s.steps, count, s.batch, s.hidden)
        if s.batch_first:
            shape = (s.batch, s.steps, count, s.hidden)
        outputs[0] = join(every, 1 if s.batch_first else 0).reshape(shape).value
    for i in range(1, len(outputs)):
        if node.wants(i):
            last = [v for v in (end[i - 1] for end in ends) if v is not None]
            outputs[i] = join(last, 0).reshape((count, s.batch, s.hidden)).value
    return outputs


def _directions(b: Builder, node: Node, wide: int, s: Sequences) -> dict[int, list[Term]]:
    """The inputs that have an axis of directions, in its parts: of the biases, two each."""
    count = len(s.backward)
    rows = {
        1: ([wide, s.inputs], 1),
        2: ([wide, s.hidden], 1),
        3: ([wide], 2),
        5: ([s.batch, s.hidden], 1),
        6: ([s.batch, s.hidden], 1),
        7: ([s.hidden], 3),
    }
    parts = {}
    for i, ((first, *rest), each) in rows.items():
        if node.has(i):
            value = node.ir.inputs[i]
            assert value is not None
            flat = b.given(value).reshape([count * each * first, *rest])
            parts[i] = split(flat, [first] * (count * each), 0)
    return parts


def _start(
    b: Builder, node: Node, kind: Kind, s: Sequences, parts: dict[int, list[Term]], d: int
) -> tuple[UnrolledCell, list[Term], State]:
    """A direction's cell, the share of the input in the gates of each step, the first state."""
    bias, recurrent = parts[3][2 * d : 2 * d + 2] if 3 in parts else (None, None)
    if bias is not None and not kind.bias_apart:
        bias, recurrent = add(bias, recurrent), None
    x = b.given(node.values[0]).reshape([s.steps * s.batch, s.inputs])
    share = product(x, parts[1][d], bias)
    wide = kind.gates * s.hidden
    if s.batch_first:
        shares = split(share.reshape([s.batch, s.steps * wide]), [wide] * s.steps, 1)
    else:
        shares = split(share, [s.batch] * s.steps, 0)
    cell = UnrolledCell(
        s.hidden,
        split(parts[2][d], [n * s.hidden for n in kind.products], 0),
        recurrent,
        parts[7][3 * d : 3 * d + 3] if 7 in parts else (None, None, None),
        s.activations[d],
        s.clip,
        s.input_forget,
    )
    return cell, shares, tuple(parts[i][d] if i in parts else None for i in s.initial)
