"""Steps whose results nobody looks at while a switch is off get that switch as their condition.

A node is needed where one of its readers is. A reader that has a gate, such as Where, needs the
operand behind it only where the gate is open. The conditions are kept in the nodes' metadata; a
node that several switches need has their disjunction.
"""

from __future__ import annotations

import onnx_ir as ir

from odl.dtype import BOOL
from odl.ops import lookup
from odl.ops.node import SWITCH, WHEN, Node
from odl.transform.name_all import fresh, taken

Switches = frozenset[ir.Value]
"""Where one of these is on; None stands for always."""
Order = dict[ir.Node | None, int]


def skip_unneeded(model: ir.Model) -> ir.Model:
    """Mark what can be left out; only values that carry SWITCH in their `meta` are asked."""
    graph = model.graph
    order: Order = {node: i for i, node in enumerate(graph)}
    if not any(v.meta.get(SWITCH) for node in graph for v in node.outputs):
        return model
    needs: dict[ir.Node, Switches | None] = {}
    for node in reversed(list(graph)):
        needs[node] = _need(node, needs, order)
    joined = _join(graph, {need for need in needs.values() if need is not None}, order)
    for node, need in needs.items():
        if need is not None:
            node.metadata_props[WHEN] = str(joined[need].name)
    return model


def _need(node: ir.Node, needs: dict[ir.Node, Switches | None], order: Order) -> Switches | None:
    """When one of the node's readers looks at what it makes; always, if a switch comes too late."""
    found: Switches = frozenset()
    for value in node.outputs:
        if value.is_graph_output():
            return None
        for use in value.uses():
            need = _of_reader(use.node, use.idx, needs)
            if need is None or any(order.get(s.producer(), -1) >= order[node] for s in need):
                return None
            found |= need
    return found or None


def _of_reader(
    reader: ir.Node, operand: int, needs: dict[ir.Node, Switches | None]
) -> Switches | None:
    gate = lookup(Node(reader)).gates.get(operand)
    behind = reader.inputs[gate] if gate is not None else None
    switches = _on(behind) if behind is not None else frozenset()
    return switches or needs[reader]


def _on(gate: ir.Value) -> Switches:
    """A switch that is on wherever the gate is open; none if there is no such."""
    if gate.meta.get(SWITCH):
        return frozenset((gate,))
    node = gate.producer()
    if node is None or lookup(Node(node)).joins != node.op_type:
        return frozenset()
    found = [_on(v) for v in node.inputs if v is not None]
    return next((s for s in found if s), frozenset())


def _join(graph: ir.Graph, wanted: set[Switches], order: Order) -> dict[Switches, ir.Value]:
    """The disjunction of each set, made of the largest one before it that is a part of it."""
    joined: dict[Switches, ir.Value] = {}
    names = taken(graph)
    for need in sorted(wanted, key=lambda s: (len(s), sorted(str(v.name) for v in s))):
        parts = [s for s in joined if s < need]
        most = max(parts, key=len, default=Switches())
        values = [joined[most]] if most else []
        values += sorted(need - most, key=lambda v: str(v.name))
        value = values[0]
        for other in values[1:]:
            value = _either(graph, value, other, fresh("odl/when", names), order)
        joined[need] = value
    return joined


def _either(graph: ir.Graph, a: ir.Value, b: ir.Value, name: str, order: Order) -> ir.Value:
    """a or b, as soon as both are known."""
    later = max((v.producer() for v in (a, b)), key=lambda n: order.get(n, -1))
    made = ir.node("Or", [a, b], name=name)
    if later is None:
        graph.insert_before(graph[0], made)
    else:
        graph.insert_after(later, made)
    order[made] = order.get(later, -1)
    value = made.outputs[0]
    value.name, value.shape = name, ir.Shape(())
    value.type = ir.TensorType(ir.DataType(BOOL.onnx))
    return value
