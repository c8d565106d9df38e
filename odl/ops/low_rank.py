"""ai.odl.AddLowRank: a weight with a low-rank change, made in every run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from odl.ops.body import body
from odl.ops.matmul import matmul, matmul_args
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.tilings import leading, tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel

FAST = {4: 4, 8: 2}
"""Ranks for which there may be a body of its own, and how many columns it needs."""


@tiled(leading("m", w=lambda a: a["n"], a=lambda a: a["k"], y=lambda a: a["n"]))
@kernel
def add_low_rank(w: In, a: In, b: In, y: Out, m: int, k: int, n: int) -> None:
    """y[m][n] = w[m][n] + sum over k of a[m][k] b[k][n]."""
    change = wide(a[: m * k]).reshape(m, k) @ wide(b[: k * n]).reshape(k, n)
    y[: m * n] = wide(w[: m * n]) + change.ravel()


class AddLowRank(Operator):
    """Inputs w, a and b, each seen as a matrix, its first axis by the others; output w + a b.

    The sum over the rank is formed before w is added: where the change is small, so is its error.
    """

    op_types = ("ai.odl.AddLowRank",)
    kernels = (add_low_rank, matmul)
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

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        (_, k), (_, n) = self._matrix(node, 1), self._matrix(node, 2)
        fast = [lambda: self._by_rank(node)] if n >= FAST.get(k, n + 1) else []
        return [*fast, *super().forms(node)]

    def _by_rank(self, node: Node) -> list[Call]:
        (m, k), (_, n) = self._matrix(node, 1), self._matrix(node, 2)
        args = {
            "w": node.input(0), "a": node.input(1), "b": node.input(2), "y": node.output(),
            "m": m, "k": k, "n": n,
        }  # fmt: skip
        return [Call(add_low_rank, str(node.dtype()), args)]

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
