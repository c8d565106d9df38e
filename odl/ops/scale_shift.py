"""ai.odl.ScaleShift, y = x * scale[channel] + shift[channel]: a frozen normalisation."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.tilings import leading, tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel
from odl.tiling import Args


def _image(a: Args) -> int:
    """Elements of one of the outer units."""
    return int(a["channels"] * a["inner"])


@tiled(leading("outer", x=_image, y=_image))
@kernel
def scale_shift(x: In, scale: In, shift: In, y: Out, outer: int, channels: int, inner: int) -> None:
    """y[o, c, i] = x[o, c, i] * scale[c] + shift[c]."""
    v = wide(x[: outer * channels * inner]).reshape(outer, channels, inner)
    y[: v.size] = (v * wide(scale[:channels, None]) + wide(shift[:channels, None])).ravel()


class ScaleShift(Operator):
    op_types = ("ai.odl.ScaleShift",)
    kernels = (scale_shift,)
    dtypes = FLOATS
    note = "made from BatchNormalization"

    def lower(self, node: Node) -> list[Call]:
        shape = node.shape()
        args = {
            "x": node.input(0),
            "scale": node.input(1),
            "shift": node.input(2),
            "y": node.output(),
            "outer": shape[0],
            "channels": shape[1],
            "inner": product(shape[2:]),
        }
        return [Call(scale_shift, str(node.dtype()), args, overlay=("x",))]

    def function(self) -> onnx.FunctionProto:
        """Channels stand on axis 1: the vectors are given the shape [channels, 1, ...]."""
        one = helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1])
        two = helper.make_tensor("two", onnx.TensorProto.INT64, [1], [2])
        nodes = [
            helper.make_node("Constant", [], ["one"], value=one),
            helper.make_node("Constant", [], ["two"], value=two),
            helper.make_node("Shape", ["x"], ["rank_source"]),
            helper.make_node("Shape", ["rank_source"], ["rank"]),
            helper.make_node("Sub", ["rank", "two"], ["trailing"]),
            helper.make_node("ConstantOfShape", ["trailing"], ["ones"], value=one),
            helper.make_node("Shape", ["scale"], ["channels"]),
            helper.make_node("Concat", ["channels", "ones"], ["column"], axis=0),
            helper.make_node("Reshape", ["scale", "column"], ["scale_column"]),
            helper.make_node("Reshape", ["shift", "column"], ["shift_column"]),
            helper.make_node("Mul", ["x", "scale_column"], ["scaled"]),
            helper.make_node("Add", ["scaled", "shift_column"], ["y"]),
        ]
        opsets = [helper.make_opsetid("", 21)]
        return helper.make_function(
            "ai.odl", "ScaleShift", ["x", "scale", "shift"], ["y"], nodes, opsets
        )

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "norm", 2: "norm"}

    def gradient(self, b: Backward, node: Node) -> Gradients:
        g = b.dy()
        axes = [0, *range(2, len(g.shape))]
        column = (-1,) + (1,) * (len(g.shape) - 2)
        dscale = (g * b.x()).sum(axes) if b.wants(1) else None
        dshift = g.sum(axes) if b.wants(2) else None
        return [g * b.x(1).reshape(column) if b.wants(0) else None, dscale, dshift]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        shape = (-1,) + (1,) * (x[0].ndim - 2)
        scale, shift = (np.abs(v).reshape(shape) for v in x[1:])
        return [gamma(2, u) * (np.abs(x[0]) * scale + shift)]
