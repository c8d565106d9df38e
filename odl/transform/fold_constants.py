"""Compute what depends on constants alone, and what only asks for static shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.errors import ModelError, printable
from odl.ops.backward import UNFOLDED
from odl.ops.node import Node, constant_value, static_shape
from odl.ops.reference import evaluate
from odl.transform.infer_shapes import infer_shapes

LIMIT = 1 << 24
"""Most elements to fold in all: hostile ConstantOfShapes must not fill the host's memory."""

_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}


def fold_constants(model: ir.Model) -> ir.Model:
    """Infer shapes and fold until nothing changes; shapes become known as constants do.

    Quantised weights stay quantised: they are a fourth of what they would be as floats.
    """
    return fold(model, keep=_is_quantised_weight)


def fold(model: ir.Model, keep: Callable[[ir.Node], bool]) -> ir.Model:
    """The same, where `keep` tells what is not to be folded."""
    left = LIMIT
    for _ in range(len(model.graph) + 1):
        infer_shapes(model)
        before = len(model.graph)
        left = _fold_once(model.graph, left, keep)
        if len(model.graph) == before:
            break
    return model


def _is_quantised_weight(node: ir.Node) -> bool:
    """Scalars are not worth it."""
    values = node.inputs[0] if node.inputs else None
    scalar = values is None or values.shape is None or values.shape.rank() == 0
    return node.op_type == "DequantizeLinear" and not node.domain and not scalar


def _fold_once(graph: ir.Graph, left: int, keep: Callable[[ir.Node], bool]) -> int:
    """Fold what can be folded within `left` elements; how many are left then."""
    for node in list(graph):
        kept = keep(node) or node.meta.get(UNFOLDED, False)
        arrays = None if kept else _evaluated(node, left)
        if arrays is None:
            continue
        left -= sum(a.size for a in arrays)
        for old, array in zip(node.outputs, arrays, strict=False):
            _become_constant(graph, old, array)
        graph.remove(node, safe=True)
    return left


def _evaluated(node: ir.Node, left: int) -> list[npt.NDArray[Any]] | None:
    sizes = [_size(o) for o in node.outputs if o.name]
    if node.op_type in _RANDOM or sum(sizes) > left:
        return None
    if node.op_type == "Shape" and not node.domain and node.inputs[0] is not None:
        return _shape(node)
    inputs = [v for v in node.inputs if v is not None]
    constants = [constant_value(v) for v in inputs]
    known = [c for c in constants if c is not None]
    if len(known) != len(inputs) or any(
        a.type == ir.AttributeType.GRAPH for a in node.attributes.values()
    ):
        return None
    try:
        return evaluate(Node(node), known)
    except MemoryError:
        raise
    except Exception as e:
        view = Node(node)
        raise ModelError(
            f"cannot be computed from its constants: {printable(e) or type(e).__name__}",
            where=f"{view.op} node '{view.name}'",
        ) from e


def _size(value: ir.Value) -> float:
    """Elements; infinite where the shape is not known."""
    if value.shape is None or not all(isinstance(d, int) for d in value.shape):
        return math.inf
    return math.prod(static_shape(value))


def _shape(node: ir.Node) -> list[npt.NDArray[Any]] | None:
    source = node.inputs[0]
    if source is None or source.shape is None:
        return None
    dims = list(source.shape)
    start, end = Node(node).attr("start", 0), Node(node).attr("end", len(dims))
    part = dims[start:end]
    if not all(isinstance(d, int) for d in part):
        return None
    return [np.array([int(d) for d in part], np.int64)]  # type: ignore[arg-type]


def _become_constant(graph: ir.Graph, old: ir.Value, array: npt.NDArray[Any]) -> None:
    name = old.name
    new = ir.Value(name=name, const_value=ir.tensor(np.asarray(array, order="C"), name=name))
    new.shape, new.type = ir.Shape(array.shape), old.type
    old.name = f"{name}/folded"
    old.replace_all_uses_with(new, replace_graph_outputs=True)
    graph.register_initializer(new)
