"""ai.odl.MaxPoolGrad: each window's gradient goes to its largest element."""

from __future__ import annotations

import numpy as np
import onnx

from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.pool import in_volume, max_pool, out_volume
from odl.ops.reference import evaluate
from odl.ops.tilings import leading, tiled
from odl.ops.wide import FLOATS, wide
from odl.ops.windows import window
from odl.program import Call, In, Out, kernel


@tiled(leading("maps", x=in_volume, dy=out_volume, dx=in_volume))
@kernel
def max_pool_grad(
    x: In,
    dy: In,
    dx: Out,
    maps: int,
    in_dhw: tuple[int, ...],
    out_dhw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
) -> None:
    """dx = sum over the windows whose first largest element of x it is, of dy."""
    count = maps * product(out_dhw)
    index, best = np.zeros(count, np.int64), np.zeros(count, x.dtype)
    max_pool.run(x, best, index, maps, in_dhw, out_dhw, size, stride, dilation, pad, 0)
    total = np.zeros(maps * product(in_dhw), np.float32)
    np.add.at(total, index, wide(dy[:count]))
    dx[: total.size] = total


class MaxPoolGrad(Operator):
    """Inputs x, as of a MaxPool in one to three dimensions, and the gradient of its output."""

    op_types = ("ai.odl.MaxPoolGrad",)
    kernels = (max_pool_grad,)
    dtypes = FLOATS
    attributes = ("ceil_mode", "dilations", "kernel_shape", "pads", "strides")
    note = "gradient of MaxPool"

    def function(self) -> onnx.FunctionProto:
        return body("""
            MaxPoolGrad <ceil_mode, dilations, kernel_shape, pads, strides> (x, dy) => (dx) {
                best, index = MaxPool <ceil_mode: int = @ceil_mode, dilations: ints = @dilations,
                                       kernel_shape: ints = @kernel_shape, pads: ints = @pads,
                                       strides: ints = @strides> (x)
                flat = Constant <value_ints = [-1]> ()
                flat_x = Reshape (x, flat)
                flat_dy = Reshape (dy, flat)
                flat_index = Reshape (index, flat)
                size = Shape (flat_x)
                zero_floats = ConstantOfShape (size)
                nothing = CastLike (zero_floats, dy)
                total = ScatterElements <axis = 0, reduction = "add"> (nothing, flat_index, flat_dy)
                shape = Shape (x)
                dx = Reshape (total, shape)
            }""")

    def lower(self, node: Node) -> list[Call]:
        shape, w = node.shape(), window(node, node.attr("kernel_shape", ())).padded_to(3)
        args = {
            "x": node.input(0),
            "dy": node.input(1),
            "dx": node.output(),
            "maps": shape[0] * shape[1],
            "in_dhw": (1, 1, *shape[2:])[-3:],
            "out_dhw": (1, 1, *node.shape(1)[2:])[-3:],
            "size": w.size,
            "stride": w.stride,
            "dilation": w.dilation,
            "pad": w.pad,
        }
        return [Call(max_pool_grad, str(node.dtype()), args)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """As many terms as windows overlap."""
        w = window(node, node.attr("kernel_shape", ()))
        return [gamma(product(w.size), u) * v for v in evaluate(node, [x[0], np.abs(x[1])])]
