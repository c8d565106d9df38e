"""ArgMax and ArgMin along one axis; ties are the business of `same`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from odl.ops import layout
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, product
from odl.ops.wide import NUMBERS
from odl.program import Call, In, Out, kernel


@kernel
def argmax(x: In, y: Out, outer: int, n: int, inner: int, last: int) -> None:
    """y[o, i] = index of the largest x[o, :, i]; of equal ones the first, or the last."""
    v = x[: outer * n * inner].reshape(outer, n, inner)
    found = n - 1 - v[:, ::-1].argmax(axis=1) if last else v.argmax(axis=1)
    y[: found.size] = found.ravel()


@kernel
def argmin(x: In, y: Out, outer: int, n: int, inner: int, last: int) -> None:
    """y[o, i] = index of the smallest x[o, :, i]; of equal ones the first, or the last."""
    v = x[: outer * n * inner].reshape(outer, n, inner)
    found = n - 1 - v[:, ::-1].argmin(axis=1) if last else v.argmin(axis=1)
    y[: found.size] = found.ravel()


class ArgMax(Operator):
    op_types = ("ArgMax", "ArgMin")
    kernels = (argmax, argmin)
    dtypes = NUMBERS
    attributes = ("axis", "keepdims", "select_last_index")

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.indexed(node, perm)

    def lower(self, node: Node) -> list[Call]:
        shape = node.shape()
        axis = node.axis(node.attr("axis", 0), len(shape))
        args = {
            "x": node.input(0),
            "y": node.output(),
            "outer": product(shape[:axis]),
            "n": shape[axis],
            "inner": product(shape[axis + 1 :]),
            "last": node.attr("select_last_index", 0),
        }
        body = argmax if node.op == "ArgMax" else argmin
        return [Call(body, str(node.dtype()), args)]

    def same(self, node: Node, x: Arrays, got: Arrays, want: Arrays) -> list[npt.NDArray[np.bool_]]:
        """Another index is right where the values there are equal."""
        axis = node.axis(node.attr("axis", 0), x[0].ndim)
        kept = [
            (v if node.attr("keepdims", 1) else np.expand_dims(v, axis)).astype(np.int64)
            for v in (got[0], want[0])
        ]
        n = x[0].shape[axis]
        inside = (kept[0] >= 0) & (kept[0] < n)
        a, b = (np.take_along_axis(x[0], np.clip(k, 0, n - 1), axis) for k in kept)
        return [((a == b) & inside).reshape(got[0].shape)]
