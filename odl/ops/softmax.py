"""Softmax and LogSoftmax along one axis."""

from __future__ import annotations

import numpy as np

from odl.ops import layout
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.tilings import leading, tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Kernel, Out, kernel
from odl.tiling import Args


def row(a: Args) -> int:
    """Elements of one of the outer units."""
    return int(a["n"] * a["inner"])


@tiled(leading("outer", x=row, y=row))
@kernel
def softmax(x: In, y: Out, outer: int, n: int, inner: int) -> None:
    """y = exp(x - max) / sum over the middle one of the dimensions [outer, n, inner]."""
    v = wide(x[: outer * n * inner]).reshape(outer, n, inner)
    with np.errstate(invalid="ignore"):  # a row of minus infinities is NaN
        e = np.exp(v - v.max(axis=1, keepdims=True))
    y[: v.size] = (e / e.sum(axis=1, keepdims=True)).ravel()


@tiled(leading("outer", x=row, y=row))
@kernel
def log_softmax(x: In, y: Out, outer: int, n: int, inner: int) -> None:
    """y = x - max - log(sum of exp(x - max)), over the same axis."""
    v = wide(x[: outer * n * inner]).reshape(outer, n, inner)
    away = v - v.max(axis=1, keepdims=True)
    y[: v.size] = (away - np.log(np.exp(away).sum(axis=1, keepdims=True))).ravel()


class Softmax(Operator):
    op_types = ("LogSoftmax", "Softmax")
    kernels = (softmax, log_softmax)
    attributes = ("axis",)
    dtypes = FLOATS

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        return (softmax if op_type == "Softmax" else log_softmax,)

    def keep_single(self, node: Node) -> str:
        return "small probabilities count"

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.along(node, perm, -1)

    def lower(self, node: Node) -> list[Call]:
        shape = node.shape()
        axis = node.axis(node.attr("axis", -1), len(shape))
        args = {
            "x": node.input(0),
            "y": node.output(),
            "outer": product(shape[:axis]),
            "n": shape[axis],
            "inner": product(shape[axis + 1 :]),
        }
        return [Call(self.bodies(node.op)[0], str(node.dtype()), args, overlay=("x",))]

    def gradient(self, b: Backward, node: Node) -> Gradients:
        g, y = b.dy(), b.y()
        axis = [node.axis(node.attr("axis", -1), len(y.shape))]
        if node.op == "Softmax":
            return [y * (g - (g * y).sum(axis, keepdims=True))]
        return [g - y.apply("Exp") * g.sum(axis, keepdims=True)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """exp amplifies the rounding of x - max by |x - max|; then a sum of n and a division."""
        axis = node.attr("axis", -1)
        n = y[0].shape[axis]
        away = np.abs(x[0] - x[0].max(axis=axis, keepdims=True))
        share = y[0] if node.op == "Softmax" else np.exp(y[0])
        term = np.where(share > 0, u * away + 2 * u, 0)  # what is masked is exactly nothing
        total = (share * term).sum(axis=axis, keepdims=True) + gamma(n, u)
        if node.op == "LogSoftmax":
            return [total * 1.01 + 2 * u * away + 4 * u * np.abs(y[0])]
        return [y[0] * (term + total + 2 * u) * 1.01]
