"""Clip: limits from constants or from scalars that the device computes."""

from __future__ import annotations

import numpy as np

from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.wide import NUMBERS
from odl.program import Call, In, Out, kernel


@kernel
def clip(x: In, low: In | None, high: In | None, y: Out, n: int) -> None:
    """y = min(max(x, low), high); an absent limit does not bind."""
    values = x[:n]
    if low is not None:
        values = np.maximum(values, low[0])
    if high is not None:
        values = np.minimum(values, high[0])
    y[:n] = values


class Clip(Operator):
    op_types = ("Clip",)
    kernels = (clip,)
    elementwise = True
    dtypes = NUMBERS

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """That of y where no limit binds, else 0; none of the limits."""
        x, dy = b.x(), b.dy()
        if node.has(1):
            dy = b.where(x >= b.x(1), dy, 0.0)
        if node.has(2):
            dy = b.where(x <= b.x(2), dy, 0.0)
        return [dy, None, None]

    def lower(self, node: Node) -> list[Call]:
        args = {
            "x": node.input(0),
            "low": node.optional(1),
            "high": node.optional(2),
            "y": node.output(),
            "n": node.size(),
        }
        return [Call(clip, str(node.dtype()), args, overlay=("x",))]
