"""Cancel and combine Transposes that follow each other, which layout converters leave behind."""

from __future__ import annotations

import onnx_ir as ir

from odl.ops.node import Node
from odl.ops.transpose import permutation


def merge_transposes(model: ir.Model) -> ir.Model:
    """Transpose(Transpose(x, p), q) becomes Transpose(x, p[q]), or x where that is the identity."""
    for node in list(model.graph):
        merge_transpose(model.graph, node)
    return model


def merge_transpose(graph: ir.Graph, second: ir.Node) -> None:
    """`second`, if it is a Transpose, with those before it."""
    first = transpose_of(second.inputs[0]) if is_transpose(second) else None
    if first is None:
        return
    p, q = permutation(Node(first)), permutation(Node(second))
    both = [p[i] for i in q]
    source = first.inputs[0]
    out = second.outputs[0]
    if source is None:
        return
    if both == sorted(both) and not out.is_graph_output():
        out.replace_all_uses_with(source)
        graph.remove(second, safe=True)
    else:
        second.replace_input_with(0, source)
        second.attributes["perm"] = ir.AttrInt64s("perm", both)
    if not first.outputs[0].uses() and not first.outputs[0].is_graph_output():
        graph.remove(first, safe=True)


def is_transpose(node: ir.Node) -> bool:
    """Whether the node is ONNX's Transpose of something."""
    return node.op_type == "Transpose" and not node.domain and node.inputs[0] is not None


def transpose_of(value: ir.Value | None) -> ir.Node | None:
    """The Transpose that makes the value."""
    node = value.producer() if value is not None else None
    return node if node is not None and is_transpose(node) else None
