"""Operators that only rename the shape: the output is the input's bytes."""

from __future__ import annotations

from odl.dtype import ALL
from odl.ops.node import Node
from odl.ops.operator import Operator


class View(Operator):
    op_types = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout")
    attributes = ("allowzero", "axis", "seed")
    dtypes = ALL
    note = "no code: shares its input's memory"

    def check(self, node: Node) -> None:
        if node.op == "Dropout" and (node.wants(1) or node.has(2)):
            raise node.refuse("training mode", "export the model for inference")
        if node.op in ("Reshape", "Squeeze", "Unsqueeze") and node.has(1):
            node.const(1, "its target shape")

    def alias(self, node: Node) -> int | None:
        return 0
