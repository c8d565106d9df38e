"""Relu: the least operator, and the pattern for the others."""

from __future__ import annotations

import numpy as np

from odl.dtype import F16, F32, I8, I32, I64
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call, In, Out, kernel


@kernel
def relu(x: In, y: Out, n: int) -> None:
    """y = max(x, 0); NaN stays NaN."""
    y[:n] = np.maximum(x[:n], 0)


class Relu(Operator):
    op_types = ("Relu",)
    kernels = (relu,)
    elementwise = True
    dtypes = (F32, F16, I8, I32, I64)

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), "n": node.size()}
        return [Call(relu, str(node.dtype()), args, overlay=("x",))]
