"""Drop nodes and initializers that no output needs."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from odl.ops import registry


def remove_dead(model: ir.Model) -> ir.Model:
    """Keep what an output depends on."""
    RemoveUnusedNodesPass()(model)
    for node in model.graph:  # which takes absent operands away, that a function's body names
        operator = registry().get(f"{node.domain}.{node.op_type}") if node.domain else None
        body = operator.function() if operator is not None else None
        if body is not None and len(node.inputs) < len(body.input):
            node.resize_inputs(len(body.input))
    for name, value in list(model.graph.initializers.items()):
        if not value.uses() and not value.is_graph_output():
            del model.graph.initializers[name]
    return model
