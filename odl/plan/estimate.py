"""What a node will cost, before its program is planned."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from odl.dtype import DType
from odl.ops import lookup
from odl.ops.node import Node
from odl.plan.lower import BY_ESTIMATE, form
from odl.plan.tiles import MACS_PER_CYCLE
from odl.target import Target


def estimator(target: Target, kind: DType) -> Callable[[ir.Node], float] | None:
    """The cycles of a node whose floats are of this type; None: nothing is known of the target."""
    if target.limits is None:
        return None

    def cycles(ir_node: ir.Node) -> float:
        node = Node(ir_node)
        operator = lookup(node)
        if operator.alias(node) is not None:
            return 0
        known = [
            (call.kernel.cycles, call.args) for call in form(operator, node, target, BY_ESTIMATE)
        ]
        total = sum(f(args, kind.size) for f, args in known if f is not None)
        rest = operator.macs(node) if any(f is None for f, _ in known) else 0
        return total + rest / MACS_PER_CYCLE

    return cycles
