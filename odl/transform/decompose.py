"""Replace foreign operators by the few that have kernels."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from odl.ops import foreigners
from odl.ops.foreign import Builder
from odl.ops.node import Node
from odl.transform.name_all import fresh, taken


def decompose(model: ir.Model) -> ir.Model:
    """Rewrite every node that is one of `odl.ops.foreigners`."""
    graph = model.graph
    names = taken(graph)
    for ir_node in list(graph):
        node = Node(ir_node)
        rewrite = foreigners().get(node.op)
        if rewrite is None:
            continue
        builder = Builder(node)
        put(graph, ir_node, builder, rewrite(builder, node), names)
    model.opset_imports.setdefault("ai.odl", 1)
    return model


def put(
    graph: ir.Graph,
    ir_node: ir.Node,
    builder: Builder,
    made: Sequence[ir.Value | None],
    names: set[str],
) -> None:
    """What was built takes the place of a node: `made` are its outputs, None what nobody wants."""
    for value in (*builder.initializers, *(v for n in builder.nodes for v in n.outputs)):
        value.name = fresh(str(value.name), names)
    builder.finish(graph, before=ir_node)
    for old, new in zip(ir_node.outputs, made, strict=False):
        if new is None:
            continue
        name, kind, shape = old.name, old.type, old.shape
        old.replace_all_uses_with(new, replace_graph_outputs=True)
        old.name = f"{name}/replaced"
        new.name, new.type, new.shape = name, kind, shape
    graph.remove(ir_node, safe=True)
