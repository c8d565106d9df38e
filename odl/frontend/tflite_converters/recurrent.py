"""Recurrent operators; their state starts at zero with every inference."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from odl.frontend.tflite_converters.converter import converter
from odl.frontend.tflite_emit import Array
from odl.frontend.tflite_node import TfliteNode, View

_X, _W, _R, _PEEPHOLE, _BIAS, _PROJECTION, _STATE, _NORM = 0, 1, 5, 9, 12, 16, 18, 20
"""First operand of each kind; the four gates are input, forget, cell, output."""
_TANH = 4
"""Of ActivationFunctionType in schema.fbs."""

STEPS = 512
"""Most steps of an LSTM that are written one by one: each is a dozen nodes."""


@converter("UNIDIRECTIONAL_SEQUENCE_LSTM", "UnidirectionalSequenceLSTMOptions")
def unidirectional_sequence_lstm(node: TfliteNode) -> View:
    """ONNX's LSTM, or its steps one by one where the cell's clip, which ONNX lacks, may bind."""
    if any(node.has(i) for i in (_PROJECTION, _PROJECTION + 1)):
        raise node.refuse("a projection", "supported: none")
    if any(node.has(i) for i in range(_NORM, _NORM + 4)):
        raise node.refuse("layer normalisation", "supported: none")
    if node.option("FusedActivationFunction") != _TANH:
        raise node.refuse("another activation than tanh")
    if len(node.shape()) != 3 or 0 in node.shape() or not node.shape(_STATE):
        raise node.malformed(f"x has the shape {list(node.shape())}")
    major = node.option("TimeMajor")
    time, batch, _ = (node.shape()[i] for i in ((0, 1, 2) if major else (1, 0, 2)))
    hidden, clip = node.shape(_STATE)[-1], node.option("CellClip")
    x = node.x(_X, () if major else (1, 0, 2))
    if 0 < clip < time:  # |cell| grows by at most 1 a step
        y = _steps(node, x, (time, batch, hidden), clip)
    else:
        y = node.reshape(_whole(node, x, hidden), [time, batch, hidden])
    return View(y, () if major else (1, 0, 2))


def _whole(node: TfliteNode, x: ir.Value, hidden: int) -> ir.Value:
    """ONNX's LSTM over [time, batch, features], whose gates are input, output, forget, cell."""
    w, r, b = (_in_order(_gates(node, first), (0, 3, 1, 2)) for first in (_W, _R, _BIAS))
    given: list[ir.Value | None] = [x, node.constant("w", w[None]), node.constant("r", r[None])]
    given.append(node.constant("b", np.concatenate([b, np.zeros_like(b)])[None]))
    if any(node.has(_PEEPHOLE + i) for i in range(3)):
        given += [None, None, None, node.constant("p", _peepholes(node)[None])]
    return node.many("LSTM", 1, *given, hidden_size=hidden)[0]


def _steps(node: TfliteNode, x: ir.Value, sizes: tuple[int, int, int], clip: float) -> ir.Value:
    """c = clip(f c + i g), h = o tanh(c), with the gates i, f, o, g = s(W x + R h + b).

    W x + b is one product for all steps.
    """
    time, batch, hidden = sizes
    if time > STEPS:
        raise node.refuse(f"a clipped cell over {time} steps", f"supported: at most {STEPS}")
    if any(node.has(_PEEPHOLE + i) for i in range(3)):
        raise node.refuse("a clipped cell with peepholes", "supported: one of them")
    w, r, b = (_in_order(_gates(node, first), (0, 1, 3, 2)) for first in (_W, _R, _BIAS))
    rows = node.reshape(x, [time * batch, w.shape[-1]])
    known = node("Gemm", rows, node.constant("w", w), node.constant("b", b), transB=1)
    recurrent, row = node.constant("r", r), node.list("row", [1, batch, hidden])
    halves, thirds = node.list("halves", [3 * hidden, hidden]), node.list("thirds", [hidden] * 3)
    low, high = node.scalar("low", -clip), node.scalar("high", clip)
    cell: ir.Value | None = None
    state: ir.Value | None = None
    states = []
    for t, z in enumerate(node.many("Split", time, known, axis=0, num_outputs=time), 1):
        z = z if state is None else node("Gemm", state, recurrent, z, transB=1)
        gates, g = node.many("Split", 2, z, halves, axis=1)
        i, f, o = node.many("Split", 3, node("Sigmoid", gates), thirds, axis=1)
        new = node("Mul", i, node("Tanh", g))
        cell = new if cell is None else node("Add", node("Mul", f, cell), new)
        cell = node("Clip", cell, low, high) if t > clip else cell
        state = node("Mul", o, node("Tanh", cell))
        states.append(node("Reshape", state, row))
    return node("Concat", *states, axis=0)


def _gates(node: TfliteNode, first: int) -> list[Array]:
    """Input, forget, cell and output gate; coupled gates have no input gate, which is 1 - forget.

    sigmoid(-z) = 1 - sigmoid(z), so the missing gate has the forget gate's weights, negated.
    """
    gates = [_weights(node, first + i) for i in (1, 2, 3)]
    return [_weights(node, first) if node.has(first) else -gates[0], *gates]


def _weights(node: TfliteNode, i: int) -> Array:
    array = node.const(i, f"input {i}")
    q = node.tensor(i).quantization
    if q is None:
        return array
    shape = [1] * array.ndim
    shape[q.axis] = -1
    scale, zero = (v.reshape(shape if q.per_axis else ()) for v in (q.scale, q.zero_point))
    real: Array = (scale * (array - zero)).astype(np.float32)
    return real


def _in_order(gates: list[Array], order: tuple[int, ...]) -> Array:
    return np.concatenate([gates[i] for i in order])


def _peepholes(node: TfliteNode) -> Array:
    """Of the input, output and forget gates."""
    forget, output = (_weights(node, _PEEPHOLE + i) for i in (1, 2))
    first = _weights(node, _PEEPHOLE) if node.has(_PEEPHOLE) else -forget
    return np.concatenate([first, output, forget])


@converter("SVDF", "SVDFOptions", activation=True)
def svdf(node: TfliteNode) -> ir.Value:
    """A filter of features, then one of time, then the sum over each unit's `rank` filters.

    The state holds the last results of the first filter. As it starts at zero, only the newest
    column of the filter of time meets anything (arXiv:1812.02802, section 3.2).
    """
    rank, (filters, _) = node.option("Rank"), node.shape(1)
    if rank < 1 or filters % rank or len(node.shape()) != 2 or len(node.shape(2)) != 2:
        raise node.malformed(f"rank {rank} of {filters} filters")
    newest = np.ascontiguousarray(_weights(node, 2)[:, -1])
    y = node("Mul", node("Gemm", node.x(0), node.x(1), transB=1), node.constant("time", newest))
    if rank > 1:
        units = node.reshape(y, [node.shape()[0], filters // rank, rank])
        y = node("ReduceSum", units, node.list("axes", [2]), keepdims=0)
    return node("Add", y, node.x(3)) if node.has(3) else y
