"""Add, Sub, Mul and Div with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from odl.ops import strides
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.program import Call, In, Kernel, Out


def _elementwise(name: str, function: Any) -> Kernel:
    def run(
        a: In,
        b: In,
        y: Out,
        dims: tuple[int, ...],
        a_stride: tuple[int, ...],
        b_stride: tuple[int, ...],
    ) -> None:
        index = np.indices(dims).reshape(len(dims), -1)
        left = a[np.tensordot(a_stride, index, 1)]
        right = b[np.tensordot(b_stride, index, 1)]
        with np.errstate(all="ignore"):
            y[: left.size] = function(left, right)

    return Kernel(name, run)


KERNELS = {
    "Add": _elementwise("add", np.add),
    "Sub": _elementwise("sub", np.subtract),
    "Mul": _elementwise("mul", np.multiply),
    "Div": _elementwise("div", np.divide),
}


class Arithmetic(Operator):
    """y = a op b, elementwise over the broadcast shape; one rounding."""

    op_types = tuple(KERNELS)
    ulps = 0.5

    def lower(self, node: Node) -> list[Call]:
        out = node.out_shape()
        walk = [strides.broadcast(node.shape(i), out) for i in (0, 1)]
        dims, (a, b) = strides.merge(out, *walk)
        if len(dims) > strides.RANK:
            raise node.refuse(
                f"broadcasting over {len(dims)} dimensions", f"at most {strides.RANK}"
            )
        args = {
            "a": node.input(0),
            "b": node.input(1),
            "y": node.output(),
            "dims": strides.fill(dims, 1),
            "a_stride": strides.fill(a, 0),
            "b_stride": strides.fill(b, 0),
        }
        whole = [name for name, i in (("a", 0), ("b", 1)) if node.shape(i) == out]
        return [Call(KERNELS[node.op], str(node.dtype()), args, overlay=tuple(whole))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        return [u * np.abs(y[0])]
