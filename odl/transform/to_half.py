"""Single precision to half, but for what a rule keeps: see `Operator.keep_single`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import onnx_ir as ir

from odl.dtype import F16
from odl.ops import registry
from odl.ops.node import Node, constant_value
from odl.transform.infer_shapes import infer_shapes
from odl.transform.name_all import fresh, taken

LARGEST = float(np.finfo(np.float16).max)
SINGLE, HALF = ir.DataType.FLOAT, ir.DataType.FLOAT16


def to_half(model: ir.Model, masters: Collection[ir.Value] = ()) -> dict[str, str]:
    """Weights and activations in half precision; inputs and outputs keep the model's types.

    Args:
        masters: constants that stay as they are and are rounded in every run, for they will change.

    Returns:
        why each tensor that stayed in single precision did.
    """
    kept = {str(v.name): "input of the model" for v in model.graph.inputs if v.dtype == SINGLE}
    kept |= {str(v.name): "trained" for v in masters}
    halves = _Halves(model.graph, masters)
    for ir_node in list(model.graph):
        reason = _reason(ir_node)
        if reason:
            kept |= {str(v.name): reason for v in ir_node.outputs if v.dtype == SINGLE}
        halves.feed(ir_node, SINGLE if reason else HALF)
        if not reason:
            halves.turn(ir_node)
    kept |= halves.restore_outputs()
    halves.tidy()
    infer_shapes(model)
    return kept


def _reason(ir_node: ir.Node) -> str:
    """Why the node's results stay in single precision; empty where they need not."""
    node = Node(ir_node)
    operator = registry().get(node.op)
    if operator is None or F16 not in operator.dtypes:
        return f"{node.op} has no kernel for half precision"
    if rule := operator.keep_single(node):
        return f"{node.op}: {rule}"
    for value in _singles(ir_node.inputs):
        data = constant_value(value)
        if data is None or not data.size:
            continue
        if float(np.abs(data[np.isfinite(data)]).max(initial=0)) > LARGEST:
            return f"'{value.name}' is beyond half precision's {LARGEST:.0f}"
        if data.any() and not data.astype(np.float16).any():
            return f"'{value.name}' would become 0"
    return ""


def _singles(values: Iterable[ir.Value | None]) -> list[ir.Value]:
    return [v for v in values if v is not None and v.dtype == SINGLE]


class _Halves:
    """The other precision of values, made once each."""

    def __init__(self, graph: ir.Graph, masters: Collection[ir.Value]) -> None:
        self._graph, self._names, self._masters = graph, taken(graph), set(masters)
        self._made: dict[ir.Value, ir.Value] = {}
        self._turned: set[ir.Value] = set()

    def feed(self, node: ir.Node, wanted: ir.DataType) -> None:
        """Give the node its floats in one precision."""
        for i, value in enumerate(node.inputs):
            if value is None or value.dtype not in (SINGLE, HALF) or value.dtype == wanted:
                continue
            if value not in self._made:
                data = constant_value(value)
                constant = data is not None and wanted == HALF and value not in self._masters
                self._made[value] = (
                    self._constant(value, data) if constant else self._cast(value, wanted, node)
                )
            node.replace_input_with(i, self._made[value])

    def turn(self, node: ir.Node) -> None:
        """The node's results are in half precision from now on."""
        for value in node.outputs:
            if value.dtype == SINGLE:
                value.type = ir.TensorType(HALF)  # its own: others may share the old one
                self._turned.add(value)

    def _constant(self, value: ir.Value, data: Any) -> ir.Value:
        name = fresh(f"{value.name}/half", self._names)
        with np.errstate(over="ignore"):
            half = ir.tensor(data.astype(np.float16), name=name)
        new = ir.Value(name=name, const_value=half, shape=value.shape, type=ir.TensorType(HALF))
        new.meta.update(value.meta)
        self._graph.register_initializer(new)
        return new

    def _cast(self, value: ir.Value, wanted: ir.DataType, before: ir.Node | None) -> ir.Value:
        name = fresh(f"{value.name}/{'half' if wanted == HALF else 'single'}", self._names)
        cast = ir.node("Cast", [value], {"to": int(wanted)}, name=name)
        out = cast.outputs[0]
        out.name, out.shape, out.type = name, value.shape, ir.TensorType(wanted)
        if before is None:
            self._graph.append(cast)
        else:
            self._graph.insert_before(before, [cast])
        return out

    def restore_outputs(self) -> dict[str, str]:
        """Casts behind outputs that have been turned; they take over the names."""
        kept = {}
        for i, value in enumerate(self._graph.outputs):
            if value in self._turned:
                name = str(value.name)
                out = self._made.get(value) or self._cast(value, SINGLE, None)
                value.name, out.name = fresh(f"{name}/half", self._names), name
                self._graph.outputs[i] = out
                kept[name] = "output of the model"
        return kept

    def tidy(self) -> None:
        """Weights that nobody reads in single precision any more leave their names."""
        for value, other in self._made.items():
            name = str(value.name)
            if (
                name in self._graph.initializers
                and not value.uses()
                and not value.is_graph_output()
            ):
                del self._graph.initializers[name]
                del self._graph.initializers[str(other.name)]
                other.name = name
                self._graph.register_initializer(other)
