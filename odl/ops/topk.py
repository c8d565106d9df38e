"""TopK: the largest or smallest elements along one axis, in order, and where they stood."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import F16, F32, I8, I32, I64, U8
from odl.ops import layout
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.program import Call, In, Out, kernel


@kernel
def topk(
    x: In, y: Out, index: Out | None, outer: int, n: int, inner: int, k: int, largest: int
) -> None:
    """y[o, :, i] = the k largest (or smallest) of x[o, :, i] in order, index where they stand.

    Of equal elements the first comes first; NaN is the largest.
    """
    v = x[: outer * n * inner].reshape(outer, n, inner)
    order = _order(v, largest)[:, :k]
    y[: order.size] = np.take_along_axis(v, order, 1).ravel()
    if index is not None:
        index[: order.size] = order.ravel()


def _order(v: npt.NDArray[np.generic], largest: int) -> npt.NDArray[np.int64]:
    """A stable sort along axis 1; NaN is the largest, as NumPy has it."""
    order: npt.NDArray[np.int64]
    if not largest:
        order = np.argsort(v, axis=1, kind="stable")
    else:
        order = v.shape[1] - 1 - np.argsort(v[:, ::-1], axis=1, kind="stable")[:, ::-1]
    return order


class TopK(Operator):
    op_types = ("TopK",)
    kernels = (topk,)
    attributes = ("axis", "largest", "sorted")
    dtypes = (F32, F16, I8, U8, I32, I64)
    constant_inputs = (1,)
    note = "always sorted; for small k: each element is compared with those found"

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.along(node, perm, -1)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Back to where the elements were found."""
        more: dict[str, Any] = {"axis": node.attr("axis", -1), "reduction": "add"}
        return [b.term("ScatterElements", b.zeros(b.x()), b.y(1), b.dy(), **more)]

    def lower(self, node: Node) -> list[Call]:
        shape, out = node.shape(), node.out_shape()
        axis = node.axis(node.attr("axis", -1), len(shape))
        args = {
            "x": node.input(0),
            "y": node.output(),
            "index": node.output(1) if node.wants(1) else None,
            "outer": product(shape[:axis]),
            "n": shape[axis],
            "inner": product(shape[axis + 1 :]),
            "k": out[axis],
            "largest": node.attr("largest", 1),
        }
        return [Call(topk, str(node.dtype()), args)]
