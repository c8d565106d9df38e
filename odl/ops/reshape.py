"""Operators that only rename the shape: the output is the input's bytes."""

from __future__ import annotations

from odl.dtype import ALL
from odl.ops import layout
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator


class View(Operator):
    """The family: no kernel, no memory of its own."""

    moves = True
    dtypes = ALL
    note = "no code: shares its input's memory"

    def alias(self, node: Node) -> int | None:
        return 0

    def gradient(self, b: Backward, node: Node) -> Gradients:
        return [b.dy().reshape(b.x().shape)]


class Reshape(View):
    op_types = ("Reshape",)
    attributes = ("allowzero",)
    constant_inputs = (1,)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.reshaped(node, perm)


class Flatten(View):
    op_types = ("Flatten",)
    attributes = ("axis",)

    def check(self, node: Node) -> None:
        axis, rank = node.attr("axis", 1), len(node.shape())
        if not -rank <= axis <= rank:
            raise node.refuse(f"axis {axis} is outside rank {rank}")

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.flattened(node, perm)


class Squeeze(View):
    op_types = ("Squeeze",)
    constant_inputs = (1,)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.squeezed(node, perm)


class Unsqueeze(View):
    op_types = ("Unsqueeze",)
    constant_inputs = (1,)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.unsqueezed(node, perm)


class Identity(View):
    op_types = ("Identity",)
    elementwise = True


class Dropout(View):
    op_types = ("Dropout",)
    attributes = ("seed",)
    note = "inference only: no code, shares its input's memory"

    def check(self, node: Node) -> None:
        if node.wants(1) or node.has(2):
            raise node.refuse("training mode", "export the model for inference")
