"""The backward walk: reverse-mode differentiation of an ONNX graph, as more ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from odl.ops import lookup
from odl.ops.backward import Backward
from odl.ops.node import Node, value_dtype
from odl.ops.weave import Term

Special = Callable[[Backward, Node, int], Term | None]
"""Of an input of a node: its gradient, or None for that of the operator's rule."""


def no_special(b: Backward, node: Node, i: int) -> Term | None:
    """Every gradient as the operator has it."""
    return None


def differentiate(
    graph: ir.Graph,
    loss: ir.Value,
    seed: ir.Value,
    wanted: Sequence[ir.Value],
    special: Special = no_special,
) -> list[ir.Value | None]:
    """Append the nodes that compute the gradient of `loss` with respect to each of `wanted`.

    The walk stops at the shallowest of them, and nothing else gets a gradient.

    Args:
        seed: the gradient of the loss with respect to itself: 1, or a scale.
        special: another way to a gradient than the operator's rule.

    Returns:
        the gradients, in the shapes and types of `wanted`; None where the loss does not depend
        on it.

    Raises:
        Unsupported: an operator on the way has no gradient.
    """
    active = _active(graph, wanted)
    slopes: dict[ir.Value, ir.Value] = {loss: seed}
    for ir_node in reversed(list(graph)):
        if any(v in slopes for v in ir_node.outputs) and any(v in active for v in ir_node.inputs):
            _back_through(graph, Node(ir_node), slopes, active, special)
    for value in wanted:
        if value in slopes:
            slopes[value].name = f"{value.name}/grad"
    return [slopes.get(value) for value in wanted]


def _active(graph: ir.Graph, wanted: Sequence[ir.Value]) -> set[ir.Value]:
    """The floats that depend on what is wanted."""
    active = set(wanted)
    for node in graph:
        if any(v in active for v in node.inputs):
            active.update(v for v in node.outputs if v.dtype and value_dtype(v).is_float)
    return active


def _back_through(
    graph: ir.Graph,
    node: Node,
    slopes: dict[ir.Value, ir.Value],
    active: set[ir.Value],
    special: Special,
) -> None:
    inputs = node.ir.inputs
    wanted = {i for i, v in enumerate(inputs) if v in active}
    b = Backward(node, wanted, [slopes.get(v) for v in node.ir.outputs])
    other = {i: t for i in sorted(wanted) if (t := special(b, node, i)) is not None}
    b.leave_out(other)
    terms = [*lookup(node).gradient(b, node), *[None] * len(inputs)]
    for i, value in enumerate(inputs):
        term = other.get(i, terms[i])
        if value is None or term is None or i not in wanted:
            continue
        slope = term.value
        if value in slopes:  # it is used more than once: its gradients add up
            slope = b("Add", slopes[value], slope)
        if slope.producer() is not None:
            slope.shape, slope.type = value.shape, value.type
        slopes[value] = slope
    b.finish(graph)
