"""CenterCropPad: through the offset tables that pads use."""

from __future__ import annotations

import numpy as np

from odl.dtype import ALL
from odl.ops import layout
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.take import take, take_call
from odl.program import Call


class CenterCropPad(Operator):
    op_types = ("CenterCropPad",)
    kernels = (take,)
    attributes = ("axes",)
    dtypes = ALL
    constant_inputs = (1,)
    note = "no code where the shape stays"

    def move(self, node: Node, perm: Perm) -> Moved | None:
        if "axes" in node.ir.attributes:
            axes = [perm[node.axis(a, len(perm))] for a in node.attr("axes", (0,))]
            return Moved(perm, attributes={"axes": axes})
        return layout.listed(node, perm, (1,), axes=2)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """The other way round: what is cut off at one end was put there, or nothing."""
        axes = node.attr("axes", tuple(range(len(node.shape()))))
        sizes = b.ints([node.shape()[a] for a in axes])
        return [b.term("CenterCropPad", b.dy(), sizes, axes=list(axes))]

    def alias(self, node: Node) -> int | None:
        return 0 if node.shape() == node.out_shape() else None

    def lower(self, node: Node) -> list[Call]:
        """What is odd is rounded down, whether it is cropped or padded."""
        shape, runs = node.shape(), []
        for n, m in zip(shape, node.out_shape(), strict=True):
            at = np.arange(m) + ((n - m) // 2 if n > m else -((m - n) // 2))
            runs.append(np.where((at >= 0) & (at < n), at, -1))
        return [take_call(node, shape, runs)]
