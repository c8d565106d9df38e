"""CumSum and CumProd: running sums and products along one axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import F16, F32, I32, I64
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.program import Call, In, Kernel, Out


def _running(function: Any, start: int) -> Callable[..., None]:
    def run(x: In, y: Out, outer: int, n: int, inner: int, exclusive: int, reverse: int) -> None:
        v = x[: outer * n * inner].reshape(outer, n, inner)
        v = v.astype(np.float32) if v.dtype.kind == "f" else v
        y[: v.size] = _scan(v, 1, function, start, exclusive, reverse).astype(y.dtype).ravel()

    return run


def _scan(
    x: npt.NDArray[Any], axis: int, function: Any, start: int, exclusive: int, reverse: int
) -> npt.NDArray[Any]:
    """The running results in the type of `x`."""
    v = np.flip(x, axis) if reverse else x
    with np.errstate(all="ignore"):
        y = function.accumulate(v, axis, v.dtype)
    if exclusive:
        y = np.roll(y, 1, axis)
        y[(slice(None),) * axis + (0,)] = start
    return np.flip(y, axis) if reverse else y


KERNELS = {
    "CumSum": Kernel("cumsum", _running(np.add, 0)),
    "CumProd": Kernel("cumprod", _running(np.multiply, 1)),
}


class Scan(Operator):
    """Each result is rounded once more than the one before it; integers wrap around."""

    op_types = tuple(KERNELS)
    kernels = tuple(KERNELS.values())
    attributes = ("exclusive", "reverse")
    dtypes = (F32, F16, I32, I64)
    constant_inputs = (1,)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return Moved(perm, constants={1: np.array(perm[self._axis(node)], np.int64)})

    def learns(self, op_type: str) -> bool:
        return op_type == "CumSum"

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Of a sum: the sum from the other end."""
        if node.op != "CumSum":
            raise node.refuse("it has no gradient", "CumSum has one")
        turned: dict[str, Any] = {
            "reverse": 1 - node.attr("reverse", 0),
            "exclusive": node.attr("exclusive", 0),
        }
        return [b.term("CumSum", b.dy(), b.x(1), **turned)]

    def _axis(self, node: Node) -> int:
        return node.axis(int(node.const(1, "axis").ravel()[0]), len(node.shape()))

    def lower(self, node: Node) -> list[Call]:
        shape, axis = node.shape(), self._axis(node)
        args = {
            "x": node.input(0),
            "y": node.output(),
            "outer": product(shape[:axis]),
            "n": shape[axis],
            "inner": product(shape[axis + 1 :]),
            "exclusive": node.attr("exclusive", 0),
            "reverse": node.attr("reverse", 0),
        }
        return [Call(KERNELS[node.op], str(node.dtype()), args, overlay=("x",))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """gamma(n) of the running sum of |x|, or of |y| itself where it is a product."""
        if not node.dtype().is_float:
            return super().bound(node, x, y, u)
        axis, size = self._axis(node), np.abs(y[0])
        if node.op == "CumSum":
            ways = node.attr("exclusive", 0), node.attr("reverse", 0)
            size = _scan(np.abs(x[0]), axis, np.add, 0, *ways)
        return [gamma(x[0].shape[axis], u) * size]
