"""What the passes over quantised models share: quantisers read, nodes and constants made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.ops.node import Node, constant_value
from odl.transform.name_all import fresh, taken

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Quantisation:
    """Scale and zero point of a whole tensor, and the type of its integers."""

    scale: float
    zero: int
    kind: np.dtype[Any]


def is_a(node: ir.Node | None, op_type: str) -> bool:
    """Whether it is this operator of the standard."""
    return node is not None and node.op_type == op_type and not node.domain


def source(value: ir.Value | None) -> ir.Node | None:
    """The DequantizeLinear that a float comes from."""
    node = value.producer() if value is not None else None
    return node if is_a(node, "DequantizeLinear") else None


def quantisation(node: ir.Node | None) -> Quantisation | None:
    """That of a QuantizeLinear or DequantizeLinear in float32 with one constant scale."""
    if node is None or Node(node).attr("block_size", 0):
        return None
    integers = node.outputs[0] if is_a(node, "QuantizeLinear") else node.inputs[0]
    scale = constant_value(node.inputs[1]) if node.inputs[1] is not None else None
    if scale is None or scale.size != 1 or scale.dtype != np.float32 or integers is None:
        return None
    kind, zero = integers.dtype.numpy() if integers.dtype is not None else None, 0
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        found = constant_value(node.inputs[2])
        if found is None or found.size != 1:
            return None
        zero = int(found.ravel()[0])
    return None if kind is None else Quantisation(float(scale.ravel()[0]), zero, kind)


def alone(value: ir.Value | None) -> bool:
    """Whether the value has one reader and is no output of the graph."""
    return value is not None and len(value.uses()) == 1 and not value.is_graph_output()


class Editor:
    """Puts nodes and constants into a graph under names of their own."""

    def __init__(self, graph: ir.Graph) -> None:
        self.graph, self._names = graph, taken(graph)

    def constant(self, name: str, array: Array) -> ir.Value:
        """A new initializer."""
        full = fresh(name, self._names)
        tensor = ir.tensor(np.asarray(array, order="C"), name=full)
        value = ir.Value(name=full, const_value=tensor)
        value.shape, value.type = ir.Shape(array.shape), ir.TensorType(tensor.dtype)
        self.graph.register_initializer(value)
        return value

    def before(
        self,
        place: ir.Node,
        op: str,
        inputs: list[ir.Value | None],
        name: str,
        attributes: dict[str, Any] | None = None,
    ) -> ir.Node:
        """A new node in front of `place`, with one output that has a name but no type yet."""
        domain, _, kind = op.rpartition(".")
        node = ir.node(kind, inputs, attributes=attributes or {}, domain=domain, name=name)
        node.outputs[0].name = fresh(name, self._names)
        self.graph.insert_before(place, node)
        return node

    def stand_in(self, old: ir.Value, new: ir.Value) -> None:
        """`new` takes over name, type, shape and readers of `old`, whose node goes."""
        node = old.producer()
        name, kind, shape = old.name, old.type, old.shape
        old.replace_all_uses_with(new, replace_graph_outputs=True)
        old.name = f"{name}/replaced"
        new.name, new.type, new.shape = name, kind, shape
        if node is not None:
            self.graph.remove(node, safe=True)
