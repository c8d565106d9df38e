"""QLinearConv and QLinearMatMul: the same as the float operator between quantisers."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node


@foreign("QLinearConv", ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"))
def qlinear_conv(b: Builder, node: Node) -> Sequence[ir.Value]:
    """The bias has the scale of the products."""
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, *bias = node.values
    operands = [
        b("DequantizeLinear", x, x_scale, x_zero),
        b("DequantizeLinear", w, w_scale, w_zero, axis=0),
    ]
    if bias:
        unit = b("Mul", x_scale, w_scale)
        operands.append(b("DequantizeLinear", bias[0], unit, axis=0))
    real = b("Conv", *operands, **{k: a.value for k, a in node.ir.attributes.items()})
    return [b("QuantizeLinear", real, y_scale, y_zero)]


@foreign("QLinearMatMul")
def qlinear_matmul(b: Builder, node: Node) -> Sequence[ir.Value]:
    """Scales of rows of the left, and of columns of the right matrix, or of the whole."""
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero = node.values
    real = b(
        "MatMul",
        b("DequantizeLinear", x, x_scale, x_zero, axis=max(0, len(node.shape(0)) - 2)),
        b("DequantizeLinear", w, w_scale, w_zero, axis=len(node.shape(3)) - 1),
    )
    return [b("QuantizeLinear", real, y_scale, y_zero)]
