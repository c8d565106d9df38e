"""Compute what depends on constants alone, and what only asks for static shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.errors import ModelError, printable
from odl.ops.node import Node, constant_value, static_shape
from odl.ops.reference import evaluate
from odl.transform.infer_shapes import infer_shapes

LIMIT = 1 << 24
"""Most elements of a folded tensor: a hostile ConstantOfShape must not fill the host's memory."""

_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}


def fold_constants(model: ir.Model) -> ir.Model:
    """Infer shapes and fold until nothing changes; shapes become known as constants do."""
    for _ in range(len(model.graph) + 1):
        infer_shapes(model)
        if not _fold_once(model.graph):
            break
    return model


def _fold_once(graph: ir.Graph) -> bool:
    changed = False
    for node in list(graph):
        arrays = _evaluated(node)
        if arrays is None:
            continue
        for old, array in zip(node.outputs, arrays, strict=False):
            _become_constant(graph, old, array)
        graph.remove(node, safe=True)
        changed = True
    return changed


def _evaluated(node: ir.Node) -> list[npt.NDArray[Any]] | None:
    outputs = [o for o in node.outputs if o.name]
    if node.op_type in _RANDOM or not all(_foldable_size(o) for o in outputs):
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
    except Exception as e:
        view = Node(node)
        raise ModelError(
            f"cannot be computed from its constants: {printable(e)}",
            where=f"{view.op} node '{view.name}'",
        ) from e


def _foldable_size(value: ir.Value) -> bool:
    if value.shape is None or not all(isinstance(d, int) for d in value.shape):
        return False
    return math.prod(static_shape(value)) <= LIMIT


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
