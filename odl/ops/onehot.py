"""OneHot, and Hardmax that is made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.dtype import F16, F32, I8, I32, I64, U8
from odl.ops.cast import cast
from odl.ops.foreign import Builder, foreign
from odl.ops.gather import indices
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.program import Call, In, Out, kernel


@kernel
def one_hot(index: In, values: In, y: Out, outer: int, depth: int, inner: int, wide: int) -> None:
    """y[o, d, i] = values[1] where index[o, i] is d or d - depth, else values[0]."""
    i = index[: outer * inner].astype(np.int64).reshape(outer, 1, inner)
    d = np.arange(depth)[None, :, None]
    hot = (i == d) | (i == d - depth)
    y[: hot.size] = np.where(hot, values[1], values[0]).ravel()


class OneHot(Operator):
    op_types = ("OneHot",)
    kernels = (one_hot, cast)
    attributes = ("axis",)
    dtypes = (F32, F16, I8, U8, I32, I64)
    constant_inputs = (1,)
    note = "values of every type"

    def lower(self, node: Node) -> list[Call]:
        shape, out = node.shape(), node.out_shape()
        axis = node.axis(node.attr("axis", -1), len(out))
        index, wide, calls = indices(node, 0)
        args = {
            "index": index,
            "values": node.input(2),
            "y": node.output(),
            "outer": product(shape[:axis]),
            "depth": out[axis],
            "inner": product(shape[axis:]),
            "wide": wide,
        }
        return [*calls, Call(one_hot, f"b{8 * node.dtype(2).size}", args)]


@foreign("Hardmax", ("axis",))
def hardmax(b: Builder, node: Node) -> Sequence[ir.Value]:
    """1 at the first of the largest elements along the axis, else 0."""
    shape = node.shape()
    axis = node.axis(node.attr("axis", -1), len(shape))
    first = b("ArgMax", node.values[0], axis=axis, keepdims=1)
    depth = b.constant("depth", np.array(shape[axis], np.int64))
    hot = b("OneHot", first, depth, b.constant("values", np.array([0.0, 1.0])), axis=axis)
    return [b("Squeeze", hot, b.axes(axis + 1))]
