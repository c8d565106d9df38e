"""Where the backward part reads little of a result, that little is kept instead of the result."""

from __future__ import annotations

import onnx_ir as ir

from odl.ops import registry
from odl.ops.node import Node
from odl.ops.weave import Weaver


def keep_light(graph: ir.Graph, loss: ir.Value) -> dict[ir.Value, ir.Value]:
    """Rewrite nodes behind the loss that can do with less of a result, if nobody else needs it.

    A Relu whose output no weight gradient reads keeps a bit for each element.

    Returns:
        for values that are gone, those that stand for them.
    """
    nodes = list(graph)
    end = nodes.index(loss.producer()) + 1  # type: ignore[arg-type]
    forward, gone = set(nodes[:end]), dict[ir.Value, ir.Value]()
    for node in nodes[end:]:
        operator = registry().get(Node(node).op)
        heavy = None if operator is None or operator.heavy is None else node.inputs[operator.heavy]
        if operator is None or heavy is None or not _only(node, heavy, forward):
            continue
        old, w = node.outputs[0], Weaver(f"{node.name}/light", f"{heavy.name}/light", None)
        early, late = operator.lighten(w, Node(node))
        for value in w.initializers:
            graph.register_initializer(value)
        made = w.take()
        split = made.index(early.value.producer()) + 1  # type: ignore[arg-type]
        graph.insert_after(heavy.producer(), made[:split])  # type: ignore[arg-type]
        graph.insert_before(node, made[split:])
        late.value.name, old.name = old.name, f"{old.name}/replaced"
        old.replace_all_uses_with(late.value, replace_graph_outputs=True)
        graph.remove(node, safe=True)
        gone[old] = late.value
    return gone


def _only(node: ir.Node, value: ir.Value, forward: set[ir.Node]) -> bool:
    """Whether a node is the one late reader of a result of the forward part, or of its bytes."""
    pending = [value]
    while pending:
        view = pending.pop()
        for user in {u.node for u in view.uses()} - {node}:
            if user not in forward:
                return False
            operator = registry().get(Node(user).op)
            if operator is not None and operator.alias(Node(user)) is not None:
                pending.extend(user.outputs)
    return value.producer() in forward and not value.is_graph_output()
