"""ai.odl.WMatMul, WGemm and WConv: quantised weights, activations and sums in float."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
from onnx import helper

from odl.dtype import F32, DType
from odl.ops.backward import Backward, Gradients
from odl.ops.body import OPSET, forwarded
from odl.ops.conv import Conv, conv2d
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.quantised import limits
from odl.ops.reference import evaluate
from odl.ops.scale_shift import scale_shift
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, wide
from odl.ops.windows import window
from odl.program import Call, In, Out, Ref, kernel

Array = npt.NDArray[Any]


@kernel
def w_matmul(
    x: In,
    w: In,
    scale: In,
    zero: In | None,
    bias: In | None,
    y: Out,
    m: int,
    k: int,
    n: int,
    x_stride: tuple[int, ...],
    block: int,
    nibbles: int,
) -> None:
    """y[i, j] = bias[j] + sum over blocks b of scale[j, b] * sum_k x[i, k] (w[j, k] - zero[j, b]).

    Rows of w are k bytes with a sign; with `nibbles` they are (k + 1) // 2 bytes of two numbers
    without one, the first in the low bits.
    """
    rows, blocks = (k + 1) // 2 if nibbles else k, -(-k // block)
    v = w[: n * rows].reshape(n, rows)
    if nibbles:
        v = np.stack([v & 15, v >> 4], axis=2).reshape(n, -1)[:, :k]
    at = np.arange(k) // block
    matrix = v.astype(np.float32)
    if zero is not None:
        matrix = matrix - zero[: n * blocks].reshape(n, blocks)[:, at]
    left = wide(x[np.arange(m)[:, None] * x_stride[0] + np.arange(k) * x_stride[1]])
    total = np.zeros((m, n), np.float32)
    for b in range(blocks):
        part = slice(b * block, min(k, (b + 1) * block))
        total += (left[:, part] @ matrix[:, part].T) * scale[: n * blocks].reshape(n, blocks)[:, b]
    if bias is not None:
        total += wide(bias[:n])
    y[: m * n] = total.ravel()


class WeightOnly(Operator):
    """The inner operator behind the DequantizeLinear of its constant weights.

    Inputs: x, w, its scale and zero point, and the bias where the inner operator has one.
    """

    dtypes: ClassVar[tuple[DType, ...]] = FLOATS
    constant_inputs = (1, 2, 3)
    inner: ClassVar[str]
    inner_attributes: ClassVar[tuple[str, ...]] = ()
    note = "made from a DequantizeLinear of constant weights; i8, u8, i4, u4"

    def trainables(self, node: Node) -> dict[int, str]:
        return {} if self.inner == "MatMul" else {4: "bias"}

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """That of x and of the bias: the weights are frozen, and floats for the time it takes."""
        found: list[Term | None] = [None] * len(node.ir.inputs)
        dy = b.dy()
        if b.wants(0):
            outer = set(self.attributes) - set(self.inner_attributes)
            kept: dict[str, Any] = {k: node.attr(k, 0) for k in sorted(outer)}
            weights = b.term("DequantizeLinear", b.x(1), b.x(2), b.x(3), **kept)
            found[0] = self._dx(b, node, b.x(2).like_type(weights))
        if b.wants(4):
            found[4] = dy.sum([i for i in range(len(dy.shape)) if i != 1])
        return found

    def _dx(self, b: Backward, node: Node, w: Term) -> Term:
        """From the weights as floats, [of the shape of input 1]."""
        raise NotImplementedError

    def keep_single(self, node: Node) -> str:
        return "its scales are those of the model"

    def function(self) -> onnx.FunctionProto:
        names = ["x", "w", "w_scale", "w_zero", *(["bias"] if self.inner != "MatMul" else [])]
        outer = tuple(a for a in self.attributes if a not in self.inner_attributes)
        dequantize = forwarded("DequantizeLinear", names[1:4], outer)
        dequantize.output[0] = "w_real"
        inner = forwarded(self.inner, ["x", "w_real", *names[4:]], self.inner_attributes)
        opsets = [helper.make_opsetid("", OPSET)]
        name = self.op_types[0].removeprefix("ai.odl.")
        return helper.make_function(
            "ai.odl", name, names, ["y"], [dequantize, inner], opsets, list(self.attributes)
        )


def _dequantised(node: Node, x: Arrays) -> Array:
    """The weights as floats."""
    w, scale, zero = x[1:4]
    axis, block = node.attr("axis", 0) % w.ndim, node.attr("block_size", 0)
    parts = []
    for v in (scale, zero):
        if block:
            index = np.arange(w.shape[axis]) // block
            parts.append(np.take(v, index, axis=axis))
        else:
            column = [1] * w.ndim
            column[axis] = -1
            parts.append(v.reshape(column) if v.size > 1 else v.reshape(()))
    return np.asarray((w.astype(np.int64) - parts[1].astype(np.int64)) * parts[0])


class _Product(WeightOnly):
    """Rows of x by columns of weights."""

    kernels = (w_matmul,)

    def _matrix(self, node: Node) -> tuple[Array, Array, Array, int]:
        """Weights [n, k], scales and zero points [n, blocks], and the length of a block."""
        w, scale, zero = (node.const(i, "weights") for i in (1, 2, 3))
        axis, block = node.attr("axis", 0) % 2, node.attr("block_size", 0)
        by_row = bool(node.attr("transB", 0))
        k = w.shape[1] if by_row else w.shape[0]
        along_k = axis == (1 if by_row else 0)
        parts = []
        for v in (scale, zero):
            if v.size == 1:
                v = np.broadcast_to(v.reshape(1, 1), (w.size // k, 1))
            elif not block:
                v = v.reshape(1, -1).T
            elif not by_row:
                v = v.T
            parts.append(v)
        if scale.size > 1 and block == 0 and along_k:
            raise node.refuse("scales along the sum", "one for each column, or blocks")
        if block and not along_k:
            raise node.refuse("blocks across columns", "blocks along the sum")
        return (w if by_row else w.T), parts[0], parts[1], block or k

    def check(self, node: Node) -> None:
        if len(node.shape(1)) != 2:
            raise node.refuse(f"weights of rank {len(node.shape(1))}", "a matrix")
        self._matrix(node)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Where scales are those of columns, dx is a product with the same integers."""
        zero = node.const(3, "zero point").ravel()
        if node.attr("block_size", 0) or node.attr("transA", 0) or (zero != zero[0]).any():
            return super().gradient(b, node)
        found: list[Term | None] = [None] * len(node.ir.inputs)
        dy, by_row = b.dy(), bool(node.attr("transB", 0))
        if b.wants(4):
            found[4] = dy.sum([0])
        if b.wants(0):
            rows = dy if len(dy.shape) == 2 else dy.reshape([-1, dy.shape[-1]])
            rows = rows * b.x(2)
            one = b.array(np.ones((), np.float32))
            none = b.array(np.zeros(node.shape()[-1], np.float32))
            same: dict[str, Any] = {"axis": 0, "block_size": 0, "transA": 0}
            dx = b.term(
                "ai.odl.WGemm", rows, b.x(1), one, b.array(zero[0]), none,
                transB=int(not by_row), **same,
            )  # fmt: skip
            dx = b.x(0).like_type(dx)
            dx.value.shape = ir.Shape([product(dy.shape[:-1]), node.shape()[-1]])
            found[0] = dx if len(dy.shape) == 2 else dx.reshape(b.x(0).shape)
        return found

    def _call(self, node: Node, m: int, x_stride: tuple[int, int], bias: Ref | None) -> list[Call]:
        w, scale, zero, block = self._matrix(node)
        n, k = w.shape
        low, high = limits(w.dtype)
        nibbles = high - low == 15
        shift = (8 if low else 0) if nibbles else (0 if low else -128)
        stored = w.astype(np.int16) + shift
        offset = zero.astype(np.int16) + shift
        packed = _pack(stored) if nibbles else stored.astype(np.int8)
        args = {
            "x": node.input(0),
            "w": node.new_constant("weight", packed),
            "scale": node.new_constant("scale", np.ascontiguousarray(scale.astype(np.float32))),
            "zero": node.new_constant("zero", offset.astype(np.int8)) if offset.any() else None,
            "bias": bias,
            "y": node.output(),
            "m": m,
            "k": k,
            "n": n,
            "x_stride": x_stride,
            "block": block,
            "nibbles": int(nibbles),
        }
        return [Call(w_matmul, f"{node.dtype()}", args)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """A sum of k products, scaled block by block."""
        shape = node.shape(1)
        weights = np.abs(_dequantised(node, x))
        size = self._sizes(node, [np.abs(x[0]), weights, *(np.abs(v) for v in x[4:])])
        return [gamma(2 * max(shape) + 4, u) * size]

    def _sizes(self, node: Node, x: Arrays) -> Array:
        raise NotImplementedError

    def macs(self, node: Node) -> int:
        w, _, _, _ = self._matrix(node)
        return node.size() * int(w.shape[1])


def _pack(w: Array) -> Array:
    """Two numbers a byte, the first in the low bits; rows begin with a byte."""
    even = np.pad(w, ((0, 0), (0, w.shape[1] % 2))).astype(np.uint8)
    return np.asarray(even[:, ::2] | even[:, 1::2] << 4, np.uint8)


class WMatMul(_Product):
    op_types = ("ai.odl.WMatMul",)
    inner = "MatMul"
    attributes = ("axis", "block_size")

    def lower(self, node: Node) -> list[Call]:
        k = node.shape()[-1]
        return self._call(node, int(np.prod(node.shape()[:-1])), (k, 1), None)

    def _dx(self, b: Backward, node: Node, w: Term) -> Term:
        if len(node.shape()) == 2:
            return b.term("Gemm", b.dy(), w, transB=1)
        return b.term("MatMul", b.dy(), w.transpose([1, 0]))

    def _sizes(self, node: Node, x: Arrays) -> Array:
        return np.asarray(np.matmul(x[0], x[1]))


class WGemm(_Product):
    op_types = ("ai.odl.WGemm",)
    inner = "Gemm"
    attributes = ("axis", "block_size", "transA", "transB")
    inner_attributes = ("transA", "transB")

    def lower(self, node: Node) -> list[Call]:
        m, k = node.out_shape()[0], node.shape()[0 if node.attr("transA", 0) else 1]
        stride = (1, m) if node.attr("transA", 0) else (k, 1)
        return self._call(node, m, stride, node.input(4))

    def check(self, node: Node) -> None:
        super().check(node)
        if len(node.shape(4)) != 1 or node.shape(4)[0] != node.out_shape()[1]:
            raise node.refuse(f"a bias of shape {list(node.shape(4))}", "one for each column")

    def _dx(self, b: Backward, node: Node, w: Term) -> Term:
        turned = node.attr("transB", 0)
        if node.attr("transA", 0):
            return b.term("Gemm", w, b.dy(), transA=turned, transB=1)
        return b.term("Gemm", b.dy(), w, transB=1 - turned)

    def _sizes(self, node: Node, x: Arrays) -> Array:
        a = x[0].T if node.attr("transA", 0) else x[0]
        b = x[1].T if node.attr("transB", 0) else x[1]
        return np.asarray(a @ b + x[2])


class WConv(WeightOnly):
    op_types = ("ai.odl.WConv",)
    inner = "Conv"
    dtypes = (F32,)
    kernels = (conv2d, scale_shift)
    attributes = ("axis", "dilations", "group", "kernel_shape", "pads", "strides")
    inner_attributes = attributes[1:]
    _conv = Conv()

    def check(self, node: Node) -> None:
        Conv.check(self._conv, node)
        if node.attr("axis", 0) and node.const(2, "scale").size > 1:
            raise node.refuse("scales that are not those of output channels")
        w = self._weights(node)
        if w.min() < -128 or w.max() > 127:
            raise node.refuse("weights that do not fit into 8 bits without their zero point")

    def _dx(self, b: Backward, node: Node, w: Term) -> Term:
        spans = window(node, node.shape(1)[2:])
        names = ("dilations", "group", "kernel_shape", "pads", "strides")
        same = {k: node.ir.attributes[k].value for k in names}
        return self._conv.dx(b, node, spans, w, same)

    def _weights(self, node: Node) -> Array:
        w, zero = (node.const(i, "weights").astype(np.int16) for i in (1, 3))
        column = (-1,) + (1,) * (w.ndim - 1)
        return np.asarray(w - (zero.reshape(column) if zero.size > 1 else zero.reshape(())))

    def lower(self, node: Node) -> list[Call]:
        """The sums, then scale and bias of each channel, in place."""
        channels, shape = node.shape(1)[0], node.out_shape()
        scale = np.broadcast_to(node.const(2, "scale").ravel(), channels).astype(np.float32)
        sums = self._conv.arguments(node)
        sums["w"] = node.new_constant("weight", self._weights(node).astype(np.int8))
        sums["bias"] = None
        scaling = {
            "x": node.output(),
            "scale": node.new_constant("scale", np.ascontiguousarray(scale)),
            "shift": node.input(4),
            "y": node.output(),
            "outer": shape[0],
            "channels": channels,
            "inner": int(np.prod(shape[2:])),
        }
        return [
            Call(conv2d, "f32_i8", sums),
            Call(scale_shift, "f32", scaling, overlay=("x",)),
        ]

    def macs(self, node: Node) -> int:
        return node.size() * int(np.prod(node.shape(1)[1:]))

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """A sum of k products and a bias, each scaled once: evaluated with absolute values."""
        k = int(np.prod(node.shape(1)[1:]))
        w = np.abs(self._weights(node))
        size = evaluate(node, [np.abs(x[0]), w, x[2], np.zeros_like(x[3]), np.abs(x[4])])
        return [gamma(k + 3, u) * v for v in size]
