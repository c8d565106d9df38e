"""The parameters of a graph: constants that training may change."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from odl.ops import lookup
from odl.ops.linear import Linear
from odl.ops.node import Node, constant_value, value_dtype
from odl.ops.operator import ROLE


@dataclass(frozen=True)
class Parameter:
    """A constant of the graph that training may change."""

    value: ir.Value
    role: str
    """weight, bias or norm."""
    layer: str
    """The node that takes it."""
    depth: int
    """The number of that node among those that have parameters, from the input on."""
    linear: Linear | None = None
    """How it is a weight matrix, if it is."""


def parameters(graph: ir.Graph) -> list[Parameter]:
    """All of them, each once, in the order of the nodes that take them first."""
    found: dict[ir.Value, Parameter] = {}
    depths: dict[str, int] = {}
    for ir_node in graph:
        node = Node(ir_node)
        roles = lookup(node).trainables(node)
        for i, value in enumerate(ir_node.inputs):
            if value is None or value in found or constant_value(value) is None:
                continue
            role, layer = value.meta.get(ROLE, (roles.get(i, ""), node.name))
            if role and value_dtype(value).is_float:
                depth = depths.setdefault(layer, len(depths))
                linear = lookup(node).linear(node, i)
                found[value] = Parameter(value, role, layer, depth, linear)
    return list(found.values())
