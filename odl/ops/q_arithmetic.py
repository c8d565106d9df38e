"""ai.odl.QAdd, QSub and QMul: two quantised tensors with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import F32
from odl.ops import strides
from odl.ops.node import Node
from odl.ops.operator import Arrays, gamma
from odl.ops.quantised_operator import Quantised
from odl.program import Call, In, Kernel, Out, kernel

Array = npt.NDArray[Any]


def _operands(
    a: Array, b: Array, dims: tuple[int, ...], a_stride: tuple[int, ...], b_stride: tuple[int, ...]
) -> tuple[Array, Array]:
    index = np.indices(dims).reshape(len(dims), -1)
    return a[np.tensordot(a_stride, index, 1)], b[np.tensordot(b_stride, index, 1)]


@kernel
def q_add(
    a: In,
    b: In,
    y: Out,
    dims: tuple[int, ...],
    a_stride: tuple[int, ...],
    b_stride: tuple[int, ...],
    a_ratio: float,
    b_ratio: float,
    shift: float,
    low: int,
    high: int,
) -> None:
    """y = round(shift + a * a_ratio + b * b_ratio) between low and high, halves to even."""
    left, right = _operands(a, b, dims, a_stride, b_stride)
    v = np.float32(shift) + left.astype(np.float32) * np.float32(a_ratio)
    v = v + right.astype(np.float32) * np.float32(b_ratio)
    y[: v.size] = np.rint(np.clip(v, low, high)).astype(y.dtype)


@kernel
def q_mul(
    a: In,
    b: In,
    y: Out,
    dims: tuple[int, ...],
    a_stride: tuple[int, ...],
    b_stride: tuple[int, ...],
    ratio: float,
    a_zero: int,
    b_zero: int,
    zero: int,
    low: int,
    high: int,
) -> None:
    """y = round((a - a_zero) * (b - b_zero) * ratio + zero) between low and high."""
    left, right = _operands(a, b, dims, a_stride, b_stride)
    product = (left.astype(np.int32) - a_zero) * (right.astype(np.int32) - b_zero)
    v = product.astype(np.float32) * np.float32(ratio) + np.float32(zero)
    y[: v.size] = np.rint(np.clip(v, low, high)).astype(y.dtype)


class _Binary(Quantised):
    """Scales of whole tensors, and the loop nest."""

    operands = ("a", "b")

    def check(self, node: Node) -> None:
        super().check(node)
        for name in ("a_scale", "a_zero", "b_scale", "b_zero"):
            self.scalar(node, name)
        if node.dtype(3) != node.dtype():
            raise node.refuse(f"{node.dtype()} with {node.dtype(3)}", "give both one type")
        self._nest(node)

    def _nest(self, node: Node) -> dict[str, Any]:
        out = node.out_shape()
        walk = [strides.broadcast(node.shape(i), out) for i in (0, 3)]
        dims, (a, b) = strides.merge(out, *walk)
        if len(dims) > strides.RANK:
            raise node.refuse(
                f"broadcasting over {len(dims)} dimensions", f"at most {strides.RANK}"
            )
        return {
            "a": node.input(0),
            "b": node.input(3),
            "y": node.output(),
            "dims": strides.fill(dims, 1),
            "a_stride": strides.fill(a, 0),
            "b_stride": strides.fill(b, 0),
        }

    def _call(self, node: Node, body: Kernel, **more: Any) -> list[Call]:
        whole = [n for n, i in (("a", 0), ("b", 3)) if node.shape(i) == node.out_shape()]
        limits = {name: self.scalar(node, name) for name in ("low", "high")}
        args = {**self._nest(node), **more, **limits}
        return [Call(body, str(node.dtype()), args, overlay=tuple(whole))]


class QAdd(_Binary):
    op_types = ("ai.odl.QAdd",)
    kernels = (q_add,)
    inner = "Add"
    sign = 1

    def _factors(self, node: Node) -> tuple[np.float32, np.float32, np.float32]:
        """Both ratios and the shift, in ONNX Runtime's order of roundings."""
        a_scale, b_scale, y_scale = (self.scalar(node, f"{n}_scale") for n in "aby")
        a_zero, b_zero, y_zero = (np.float32(self.scalar(node, f"{n}_zero")) for n in "aby")
        a, b = a_scale / y_scale, np.float32(self.sign) * b_scale / y_scale
        return a, b, np.float32(y_zero - (a * a_zero + b * b_zero))

    def lower(self, node: Node) -> list[Call]:
        a, b, shift = map(float, self._factors(node))
        return self._call(node, q_add, a_ratio=a, b_ratio=b, shift=shift)

    def error(self, node: Node, x: Arrays, real: Array) -> Array:
        """Of a sum of five terms, each of which is rounded three times at most."""
        a, b, _ = self._factors(node)
        a_zero, b_zero, y_zero = (self.scalar(node, f"{n}_zero") for n in "aby")
        left, right = (np.abs(v.astype(np.float64)) for v in (x[0], x[3]))
        size = abs(a) * (left + abs(a_zero)) + abs(b) * (right + abs(b_zero)) + abs(y_zero)
        return np.asarray(gamma(8, F32.unit_roundoff) * size)


class QSub(QAdd):
    op_types = ("ai.odl.QSub",)
    inner = "Sub"
    sign = -1


class QMul(_Binary):
    op_types = ("ai.odl.QMul",)
    kernels = (q_mul,)
    inner = "Mul"

    def lower(self, node: Node) -> list[Call]:
        a_scale, b_scale, y_scale = (self.scalar(node, f"{n}_scale") for n in "aby")
        zeros = {f: self.scalar(node, n) for f, n in (("a_zero",) * 2, ("b_zero",) * 2)}
        ratio = float(a_scale * b_scale / y_scale)
        return self._call(node, q_mul, ratio=ratio, **zeros, zero=self.scalar(node, "y_zero"))

    def error(self, node: Node, x: Arrays, real: Array) -> Array:
        """The zero point is added before the sum is rounded."""
        size = np.abs(real) + abs(self.scalar(node, "y_zero"))
        return np.asarray(gamma(5, F32.unit_roundoff) * size)
