"""Turn nodes through which no gradient passes, such as LSTM, into those of single time steps."""

from __future__ import annotations

from collections.abc import Iterable

import onnx_ir as ir

from odl.ops import registry
from odl.ops.foreign import Builder
from odl.ops.node import Node
from odl.ops.operator import admit
from odl.transform.decompose import put
from odl.transform.infer_shapes import infer_shapes
from odl.transform.name_all import taken


def unroll_recurrent(model: ir.Model, trained: Iterable[ir.Value]) -> ir.Model:
    """Rewrite the nodes that depend on what is `trained`; others stay what they are.

    Their constants remain, whole.

    Raises:
        Unsupported: the operator refuses the node.
    """
    graph, names = model.graph, taken(model.graph)
    active = set(trained)
    for ir_node in list(graph):
        if not any(v in active for v in ir_node.inputs):
            continue
        node = Node(ir_node)
        operator = registry().get(node.op)
        if operator is not None and operator.unrolls:
            admit(operator, node)
            builder = Builder(node)
            made = operator.unrolled(builder, node)
            active.update(v for v in made if v is not None)
            put(graph, ir_node, builder, made, names)
        else:
            active.update(ir_node.outputs)
    return infer_shapes(model)
