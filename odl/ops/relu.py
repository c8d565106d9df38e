"""Relu: the least operator, and the pattern for the others."""

from __future__ import annotations

import numpy as np
import onnx

from odl.dtype import F16, F32, I8, I32, I64, U8
from odl.ops.arithmetic import binary, binary_call
from odl.ops.backward import Backward, Gradients
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.positive_bits import BYTE
from odl.ops.tilings import flat, tiled
from odl.ops.weave import Term, Weaver
from odl.ops.wide import FLOATS
from odl.program import Call, In, Out, kernel


@tiled(flat("x", "y"))
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

    def gradient(self, b: Backward, node: Node) -> Gradients:
        return [b.term("ai.odl.ReluGrad", b.dy(), b.y(), like=b.y())]


relu_grad = binary("relu_grad", lambda dy, y: np.where(y > 0, dy, 0))


class ReluGrad(Operator):
    """dx = dy where y > 0, else 0; y is Relu's output, so that its input need not be kept."""

    op_types = ("ai.odl.ReluGrad",)
    kernels = (relu_grad,)
    dtypes = FLOATS
    heavy = 1
    note = "gradient of Relu"

    def lighten(self, w: Weaver, node: Node) -> tuple[Term, Term]:
        """A bit tells where y is positive."""
        dy, y = (w.given(v) for v in node.values)
        bits = w.term("ai.odl.PositiveBits", y).typed([-(-node.size() // BYTE)], U8)
        return bits, w.term("ai.odl.KeepByBits", dy, bits, like=dy)

    def function(self) -> onnx.FunctionProto:
        return body("""
            ReluGrad (dy, y) => (dx) {
                zero_float = Constant <value_float = 0.0> ()
                zero = CastLike (zero_float, dy)
                positive = Greater (y, zero)
                dx = Where (positive, dy, zero)
            }""")

    def lower(self, node: Node) -> list[Call]:
        operands = [(node.input(i), node.shape(i)) for i in (0, 1)]
        return [binary_call(node, relu_grad, str(node.dtype()), operands)]
