"""ai.odl.AddLowRank: a weight with a low-rank change, made in every run."""

from __future__ import annotations

import numpy as np
import onnx

from odl.ops.body import body
from odl.ops.matmul import matmul, matmul_args
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.wide import FLOATS
from odl.program import Call


class AddLowRank(Operator):
    """Inputs w, a and b, each seen as a matrix, its first axis by the others; output w + a b.

    The sum over the rank is formed before w is added: where the change is small, so is its error.
    """

    op_types = ("ai.odl.AddLowRank",)
    kernels = (matmul,)
    dtypes = FLOATS
    note = "what adapters make of a weight"

    def function(self) -> onnx.FunctionProto:
        return body("""
            AddLowRank (w, a, b) => (y) {
                left = Flatten <axis = 1> (a)
                right = Flatten <axis = 1> (b)
                change = MatMul (left, right)
                shape = Shape (w)
                shaped = Reshape (change, shape)
                y = Add (w, shaped)
            }""")

    def check(self, node: Node) -> None:
        (m, n), (rows, k), (inner, columns) = (self._matrix(node, i) for i in range(3))
        if (m, n) != (rows, columns) or k != inner:
            raise node.refuse(
                f"a {rows} x {k} and a {inner} x {columns} matrix do not make {m} x {n}"
            )

    def _matrix(self, node: Node, i: int) -> tuple[int, int]:
        rows, *columns = node.shape(i)
        return rows, product(tuple(columns))

    def lower(self, node: Node) -> list[Call]:
        (m, k), (_, n) = self._matrix(node, 1), self._matrix(node, 2)
        args = matmul_args(
            m, k, n, a=node.input(1), b=node.input(2), addend=node.input(0), y=node.output()
        )
        return [Call(matmul, str(node.dtype()), args, overlay=("addend",))]

    def macs(self, node: Node) -> int:
        (m, k), (_, n) = self._matrix(node, 1), self._matrix(node, 2)
        return m * k * n

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        w, a, b = (np.abs(v).reshape(len(v), -1) for v in x)
        return [(gamma(a.shape[1] + 1, u) * (a @ b + w)).reshape(y[0].shape)]
