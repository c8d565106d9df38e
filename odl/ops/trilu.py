"""Trilu: the upper or lower triangle of matrices, zeros elsewhere."""

from __future__ import annotations

import numpy as np

from odl.dtype import ALL
from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.program import Call, In, Out, kernel


@kernel
def trilu(x: In, y: Out, batch: int, rows: int, columns: int, k: int, upper: int) -> None:
    """y[t, i, j] = x[t, i, j] where j - i >= k (upper) or j - i <= k, else 0."""
    v = x[: batch * rows * columns].reshape(batch, rows, columns)
    kept = np.triu(v, k) if upper else np.tril(v, k)
    y[: v.size] = kept.ravel()


class Trilu(Operator):
    op_types = ("Trilu",)
    kernels = (trilu,)
    attributes = ("upper",)
    dtypes = ALL
    constant_inputs = (1,)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        k = [b.x(1)] if node.has(1) else []
        return [b.term("Trilu", b.dy(), *k, upper=node.attr("upper", 1))]

    def lower(self, node: Node) -> list[Call]:
        *batch, rows, columns = node.shape()
        k = int(node.const(1, "k").ravel()[0]) if node.has(1) else 0
        args = {
            "x": node.input(0),
            "y": node.output(),
            "batch": product(tuple(batch)),
            "rows": rows,
            "columns": columns,
            "k": max(-rows, min(columns, k)),
            "upper": int(bool(node.attr("upper", 1))),
        }
        return [Call(trilu, f"b{8 * node.dtype().size}", args, overlay=("x",))]
