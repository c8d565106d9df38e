"""Cancel and combine Transposes that follow each other, which layout converters leave behind."""

from __future__ import annotations

import onnx_ir as ir

from odl.ops.node import Node
from odl.ops.transpose import permutation


def merge_transposes(model: ir.Model) -> ir.Model:
    """Transpose(Transpose(x, p), q) becomes Transpose(x, p[q]), or x where that is the identity."""
    graph = model.graph
    for second in list(graph):
        first = _transpose_before(second)
        if first is None:
            continue
        p, q = permutation(Node(first)), permutation(Node(second))
        both = [p[i] for i in q]
        source = first.inputs[0]
        out = second.outputs[0]
        if source is None:
            continue
        if both == sorted(both) and not out.is_graph_output():
            out.replace_all_uses_with(source)
            graph.remove(second, safe=True)
        else:
            second.replace_input_with(0, source)
            second.attributes["perm"] = ir.AttrInt64s("perm", both)
        if not first.outputs[0].uses() and not first.outputs[0].is_graph_output():
            graph.remove(first, safe=True)
    return model


def _transpose_before(node: ir.Node) -> ir.Node | None:
    if node.op_type != "Transpose" or node.domain or node.inputs[0] is None:
        return None
    before = node.inputs[0].producer()
    return (
        before
        if before is not None and before.op_type == "Transpose" and not before.domain
        else None
    )
