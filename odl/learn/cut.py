"""Where a frozen front ends: the one result through which all inputs reach what learns."""

from __future__ import annotations

from collections.abc import Iterable

import onnx_ir as ir

from odl.ops.node import static_shape, value_dtype
from odl.ops.operator import product


def behind(graph: ir.Graph, values: Iterable[ir.Value]) -> set[ir.Node]:
    """The nodes that depend on any of the values."""
    found = set[ir.Node]()
    reached = set(values)
    for node in graph:
        if any(v in reached for v in node.inputs):
            found.add(node)
            reached.update(node.outputs)
    return found


def before(graph: ir.Graph, value: ir.Value) -> list[ir.Node]:
    """The nodes that a value depends on, in their order."""
    wanted, found = {value}, list[ir.Node]()
    for node in reversed(graph):
        if any(v in wanted for v in node.outputs):
            found.insert(0, node)
            wanted.update(v for v in node.inputs if v is not None)
    return found


def narrowest(graph: ir.Graph, trained: Iterable[ir.Value]) -> ir.Value | None:
    """The smallest float result (or input) on every way from an input to what depends on `trained`.

    Of equal ones the last, which leaves most of the work in front of it; None if there is none.
    """
    inputs = [v for v in graph.inputs if not v.is_initializer()]
    late = behind(graph, trained)
    best: ir.Value | None = None
    for value in [*inputs, *(v for node in graph if node not in late for v in node.outputs)]:
        if not value_dtype(value).is_float or (best is not None and _size(value) > _size(best)):
            continue
        if not _around(graph, inputs, value) & late:
            best = value
    return best


def _around(graph: ir.Graph, inputs: Iterable[ir.Value], gate: ir.Value) -> set[ir.Node]:
    """The nodes that inputs reach without passing `gate`."""
    found = set[ir.Node]()
    reached = {v for v in inputs if v is not gate}
    for node in graph:
        if any(v in reached for v in node.inputs):
            found.add(node)
            reached.update(v for v in node.outputs if v is not gate)
    return found


def _size(value: ir.Value) -> int:
    return product(static_shape(value))
