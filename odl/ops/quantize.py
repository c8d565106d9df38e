"""QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl import dtype
from odl.dtype import I8, I32, U8
from odl.ops import layout
from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.quantised import QUANTISED, Grid, grid, near, saturate
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel


@kernel
def quantize(
    x: In,
    scale: In,
    zero: In | None,
    y: Out,
    outer: int,
    length: int,
    inner: int,
    block: int,
    stride: tuple[int, ...],
) -> None:
    """y = round(x / scale) + zero, halves to even, saturated; NaN becomes the least value.

    Element [o, c, i] has the scale and zero point at o * stride[0] + c // block * stride[1] +
    i * stride[2].
    """
    at = Grid(outer, length, inner, block, stride).index()  # type: ignore[arg-type]
    v = wide(x[: outer * length * inner]).reshape(outer, length, inner)
    with np.errstate(all="ignore"):
        ratio = v / wide(scale)[at]
    y[: v.size] = saturate(ratio, 0 if zero is None else zero[at], y.dtype).ravel()


@kernel
def dequantize(
    x: In,
    scale: In,
    zero: In | None,
    y: Out,
    outer: int,
    length: int,
    inner: int,
    block: int,
    stride: tuple[int, ...],
) -> None:
    """y = (x - zero) * scale, with the scales where `quantize` has them."""
    at = Grid(outer, length, inner, block, stride).index()  # type: ignore[arg-type]
    v = x[: outer * length * inner].reshape(outer, length, inner).astype(np.int64)
    if zero is not None:
        v = v - zero[at]
    y[: v.size] = (v.astype(np.float32) * wide(scale)[at]).ravel()


def _args(node: Node, shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "x": node.input(0),
        "scale": node.input(1),
        "zero": node.optional(2),
        "y": node.output(),
        **grid(node, shape, node.shape(1)).fields,
    }


def _spread(node: Node, x: Arrays) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Scale and zero point of every element."""
    at = grid(node, x[0].shape, x[1].shape).index().reshape(x[0].shape)
    zero = x[2].ravel()[at] if len(x) > 2 else np.zeros(x[0].shape)
    return x[1].ravel()[at], zero


class QuantizeLinear(Operator):
    op_types = ("QuantizeLinear",)
    attributes = ("axis", "block_size", "output_dtype", "precision", "saturate")
    dtypes = FLOATS
    kernels = (quantize,)
    note = "to i8 and u8; per tensor, per axis, in blocks"

    def check(self, node: Node) -> None:
        if node.out_dtype() not in QUANTISED:
            raise node.refuse(f"no kernel to {node.out_dtype()}", "supported: i8, u8")
        if node.dtype(1) != node.dtype():
            raise node.refuse(f"{node.dtype()} by scales of {node.dtype(1)}", "give both one type")
        if node.attr("precision", 0) not in (0, dtype.F32.onnx):
            raise node.refuse("precision is not FLOAT", "supported: FLOAT, or none given")
        grid(node, node.shape(), node.shape(1))

    def keep_single(self, node: Node) -> str:
        return "its scale is that of the model"

    def move(self, node: Node, perm: layout.Perm) -> layout.Moved | None:
        return layout.quantized(node, perm)

    def lower(self, node: Node) -> list[Call]:
        return [Call(quantize, f"{node.dtype()}_{node.out_dtype()}", _args(node, node.shape()))]

    def same(self, node: Node, x: Arrays, got: Arrays, want: Arrays) -> list[npt.NDArray[np.bool_]]:
        """The quotient is rounded once before it is rounded to an integer."""
        scale, zero = _spread(node, x)
        real = x[0] / scale
        return [near(real, np.abs(real) * dtype.F32.unit_roundoff, zero, got[0])]


class DequantizeLinear(Operator):
    op_types = ("DequantizeLinear",)
    attributes = ("axis", "block_size", "output_dtype")
    dtypes = (I8, U8, I32)
    kernels = (dequantize,)
    note = "per tensor, per axis, in blocks"

    def check(self, node: Node) -> None:
        if node.out_dtype() not in FLOATS or node.dtype(1) != node.out_dtype():
            raise node.refuse(
                f"{node.out_dtype()} from scales of {node.dtype(1)}", "give both one type: f32, f16"
            )
        if node.dtype() is I32 and node.has(2) and np.any(node.const(2, "zero point")):
            raise node.refuse("a zero point of i32", "ONNX has none there")
        grid(node, node.shape(), node.shape(1))

    def move(self, node: Node, perm: layout.Perm) -> layout.Moved | None:
        return layout.quantized(node, perm)

    def lower(self, node: Node) -> list[Call]:
        args = _args(node, node.shape())
        if node.dtype() is I32:
            args["zero"] = None
        return [Call(dequantize, f"{node.dtype()}_{node.out_dtype()}", args)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """Eight bits are exact in a float; 32 are rounded before the product is."""
        return [gamma(2 if node.dtype() is I32 else 1, u) * np.abs(y[0])]


@foreign("DynamicQuantizeLinear")
def dynamic_quantize_linear(b: Builder, node: Node) -> Sequence[ir.Value]:
    """The range with 0 in it is divided into 255 steps; of nothing but zeros, into none."""
    x, zero, top = node.values[0], b.scalar("zero", 0), b.scalar("top", 255)
    low = b("Min", b("ReduceMin", x, keepdims=0), zero)
    high = b("Max", b("ReduceMax", x, keepdims=0), zero)
    scale = b("Div", b("Sub", high, low), top)
    offset = b("Round", b("Clip", b("Sub", zero, b("Div", low, scale)), zero, top))
    point = b("Cast", offset, to=U8.onnx)
    return [b("QuantizeLinear", x, scale, point), scale, point]
