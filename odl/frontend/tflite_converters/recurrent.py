"""Recurrent operators; their state starts at zero with every inference."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from odl.frontend.tflite_converters.converter import converter
from odl.frontend.tflite_emit import Array
from odl.frontend.tflite_node import TfliteNode, View

_X, _W, _R, _PEEPHOLE, _BIAS, _PROJECTION, _STATE, _NORM = 0, 1, 5, 9, 12, 16, 18, 20
"""First operand of each kind; the four gates are input, forget, cell, output."""
_RELU, _TANH = 1, 4


@converter("UNIDIRECTIONAL_SEQUENCE_LSTM", "UnidirectionalSequenceLSTMOptions")
def unidirectional_sequence_lstm(node: TfliteNode) -> View:
    """ONNX's LSTM over [time, batch, features], whose gates are input, output, forget, cell."""
    if any(node.has(i) for i in (_PROJECTION, _PROJECTION + 1)):
        raise node.refuse("a projection", "supported: none")
    if any(node.has(i) for i in range(_NORM, _NORM + 4)):
        raise node.refuse("layer normalisation", "supported: none")
    if node.option("FusedActivationFunction") != _TANH:
        raise node.refuse("another activation than tanh")
    if len(node.shape()) != 3:
        raise node.malformed(f"x has rank {len(node.shape())}, not 3")
    major = node.option("TimeMajor")
    steps, clip = node.shape()[0 if major else 1], node.option("CellClip")
    if 0 < clip < steps:  # |cell| grows by at most 1 a step
        raise node.refuse(
            f"a cell that is clipped at {clip:g} over {steps} steps",
            f"supported: at most {int(clip)} steps, or no clip",
        )
    hidden = node.shape(_STATE)[-1] if node.shape(_STATE) else 0
    weights = [_gates(node, first) for first in (_W, _R, _BIAS)]
    peepholes = [node.has(_PEEPHOLE + i) for i in range(3)]
    w, r, b = (_in_order(g) for g in weights)
    operands = [node.constant("w", w[None]), node.constant("r", r[None])]
    operands.append(node.constant("b", np.concatenate([b, np.zeros_like(b)])[None]))
    given: list[ir.Value | None] = [node.x(_X, () if major else (1, 0, 2)), *operands]
    if any(peepholes):
        given += [None, None, None, node.constant("p", _peepholes(node)[None])]
    y = node.many("LSTM", 1, *given, hidden_size=hidden)[0]
    time, batch = (node.shape()[i] for i in ((0, 1) if major else (1, 0)))
    flat = node.reshape(y, [time, batch, hidden])
    return View(flat, () if major else (1, 0, 2))


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


def _in_order(gates: list[Array]) -> Array:
    return np.concatenate([gates[i] for i in (0, 3, 1, 2)])


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
