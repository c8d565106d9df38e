"""ai.odl.QMatMul, ai.odl.QGemm and MatMulInteger: matrix products of eight-bit numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops import strides
from odl.ops.matmul import _matrix
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.ops.q_sums import fold_zero, sum_parts
from odl.ops.quantised import QUANTISED, centred, requantise
from odl.ops.quantised_operator import Quantised
from odl.program import Call, In, Out, kernel

Array = npt.NDArray[Any]


@kernel
def q_matmul_pair(
    a: In,
    b: In,
    bias: In | None,
    multiplier: In | None,
    y: Out,
    m: int,
    k: int,
    n: int,
    a_stride: tuple[int, ...],
    b_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    multiplier_stride: int,
    batch: tuple[int, ...],
    a_batch: tuple[int, ...],
    b_batch: tuple[int, ...],
    a_zero: int,
    b_zero: int,
    zero: int,
    low: int,
    high: int,
) -> None:
    """sums[t, i, j] = bias[j] + sum_k (a[t, i, k] - a_zero) * (b[t, k, j] - b_zero).

    y[t, i, j] = round(sums * multiplier[j]) + zero between low and high, halves to even; without
    multiplier y is the sums themselves, of 32 bits. `*_stride` are (row, column) strides in
    elements, `*_batch` those of the batch dimensions t, which are dense in y.
    """
    i, j, p = np.arange(m), np.arange(n), np.arange(k)
    index = np.indices(batch).reshape(len(batch), -1)
    a_from, b_from = (np.tensordot(s, index, 1) for s in (a_batch, b_batch))
    scale = None if multiplier is None else multiplier[j * multiplier_stride]
    for t in range(index.shape[1]):
        left = a[a_from[t] + i[:, None] * a_stride[0] + p * a_stride[1]].astype(np.int64)
        right = b[b_from[t] + p[:, None] * b_stride[0] + j * b_stride[1]].astype(np.int64)
        sums = (left - a_zero) @ (right - b_zero)
        if bias is not None:
            sums = sums + bias[:n]
        at = t * m * n + i[:, None] * y_stride[0] + j * y_stride[1]
        y[at] = requantise(sums, scale, zero, low, high, y.dtype)


@kernel
def q_matmul(
    a: In,
    b: In,
    bias: In | None,
    multiplier: In | None,
    y: Out,
    m: int,
    k: int,
    n: int,
    a_stride: tuple[int, ...],
    b_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    multiplier_stride: int,
    batch: tuple[int, ...],
    a_batch: tuple[int, ...],
    b_batch: tuple[int, ...],
    a_zero: int,
    b_zero: int,
    zero: int,
    low: int,
    high: int,
) -> None:
    """`q_matmul_pair` where b is constant, without zero point and `packed_columns`.

    The zero point of a is in the bias; the strides of b do not count.
    """
    places = packed_columns(np.arange(k * n).reshape(k, n))
    plain = np.empty(k * n, np.int64)
    plain[places] = b[: k * n]
    q_matmul_pair.run(
        a, plain, bias, multiplier, y, m, k, n, a_stride, (n, 1), y_stride, multiplier_stride,
        batch, a_batch, b_batch, 0, 0, zero, low, high,
    )  # fmt: skip


BLOCK = 4
"""COLS of q_matmul.inc: columns whose weights stand together."""


def packed_columns(w: Array) -> Array:
    """[k, n] as blocks [k, 4] of four columns, and single columns."""
    whole = w.shape[1] // BLOCK * BLOCK
    blocks = [w[:, j : j + BLOCK].ravel() for j in range(0, whole, BLOCK)]
    return np.concatenate([*blocks, w[:, whole:].T.ravel()])


def q_matmul_args(m: int, k: int, n: int, **given: Any) -> dict[str, Any]:
    """Arguments of one plain product of dense matrices, with what is `given` put over them."""
    none = strides.fill((), 0)
    args = {
        "a": None,
        "b": None,
        "bias": None,
        "multiplier": None,
        "y": None,
        "m": m,
        "k": k,
        "n": n,
        "a_stride": (k, 1),
        "b_stride": (n, 1),
        "y_stride": (n, 1),
        "multiplier_stride": 0,
        "batch": strides.fill((), 1),
        "a_batch": none,
        "b_batch": none,
        "a_zero": 0,
        "b_zero": 0,
        "zero": 0,
        "low": 0,
        "high": 0,
    }
    return {**args, **given}


class _Product(Operator):
    """Shapes of MatMul, and its call: with the weights' zero points taken out, or a pair."""

    weights = 1
    """The input that is the right matrix."""

    def _shapes(self, node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return _matrix(node.shape(0), True), _matrix(node.shape(self.weights), False)

    def _is_pair(self, node: Node) -> bool:
        """Whether the right operand is no plain matrix of weights."""
        return (
            node.is_const(0) or not node.is_const(self.weights) or len(node.shape(self.weights)) > 2
        )

    def _check_pair(self, node: Node) -> None:
        if self._shapes(node)[0][-1] * 255 * 255 >= 2**31:
            raise node.refuse("sums that may not fit into 32 bits")

    def _nest(self, node: Node) -> dict[str, Any]:
        a, b = self._shapes(node)
        m, k, n = a[-2], a[-1], b[-1]
        batch = np.broadcast_shapes(a[:-2], b[:-2])
        walk = [
            tuple(s * size for s in strides.broadcast(shape[:-2], batch))
            for shape, size in ((a, m * k), (b, k * n))
        ]
        dims, (a_batch, b_batch) = strides.merge(batch, *walk)
        if len(dims) > strides.RANK:
            raise node.refuse(f"{len(dims)} batch dimensions", f"at most {strides.RANK}")
        nest = {"batch": strides.fill(dims, 1)}
        return {
            **q_matmul_args(m, k, n, a=node.input(0), y=node.output(), **nest),
            "a_batch": strides.fill(a_batch, 0),
            "b_batch": strides.fill(b_batch, 0),
        }

    def _plain(self, node: Node, w: Array, bias: Array, x_zero: int) -> dict[str, Any]:
        """`w` is [k, n] without zero point, or [k]."""
        matrix = w.reshape(w.shape[0], -1)
        operands = {
            "b": node.new_constant("weight", packed_columns(matrix)),
            "bias": node.new_constant("bias", fold_zero(node, matrix.T, bias, x_zero)),
        }
        return {**self._nest(node), **operands}

    def _pair(self, node: Node, a_zero: int, b_zero: int) -> dict[str, Any]:
        zeros = {"a_zero": a_zero, "b_zero": b_zero}
        return {**self._nest(node), "b": node.input(self.weights), **zeros}

    def _variant(self, node: Node, w: Array) -> str:
        return f"{node.dtype()}_{'i8' if w.dtype == np.int8 else 'i16'}"

    def macs(self, node: Node) -> int:
        return node.size() * self._shapes(node)[0][-1]


class QMatMul(_Product, Quantised):
    op_types = ("ai.odl.QMatMul",)
    kernels = (q_matmul, q_matmul_pair)
    inner = "MatMul"
    operands = ("x", "w")
    axes = {"w": -1}
    weights = 3

    def check(self, node: Node) -> None:
        Quantised.check(self, node)
        self.scalar(node, "x_scale"), self.scalar(node, "x_zero")
        self._nest(node)
        if self._is_pair(node):
            self.scalar(node, "w_scale"), self.scalar(node, "w_zero")
            self._check_pair(node)
            return
        w, bias, _, _ = sum_parts(self, node, -1)
        fold_zero(node, w.reshape(w.shape[0], -1).T, bias, self.scalar(node, "x_zero"))

    def lower(self, node: Node) -> list[Call]:
        zero = self.scalar(node, "x_zero")
        if self._is_pair(node):
            scale = self.scalar(node, "x_scale") * self.scalar(node, "w_scale")
            multiplier = np.array([scale / self.scalar(node, "y_scale")], np.float32)
            args = self._pair(node, zero, self.scalar(node, "w_zero"))
            body, types = q_matmul_pair, f"{node.dtype()}_{node.dtype(self.weights)}"
        else:
            w, bias, _, multiplier = sum_parts(self, node, -1)
            args, body = self._plain(node, w, bias, zero), q_matmul
            types = self._variant(node, w)
            args["multiplier_stride"] = 1
        more = {"multiplier": node.new_constant("multiplier", multiplier), **self.rounding(node)}
        return [Call(body, types, {**args, **more})]


class QGemm(Quantised):
    op_types = ("ai.odl.QGemm",)
    kernels = (q_matmul,)
    inner = "Gemm"
    attributes = ("transA", "transB")
    operands = ("x", "w", "b")
    axes = {"w": 0, "b": 0}
    note = "transB = 1; " + Quantised.note

    def check(self, node: Node) -> None:
        super().check(node)
        self.scalar(node, "x_scale"), self.scalar(node, "x_zero")
        if not node.attr("transB", 0) or self.value(node, "b").ndim != 1:
            raise node.refuse("its form", "transB = 1 and a bias of one dimension")
        w, bias, _, _ = sum_parts(self, node, 0)
        fold_zero(node, w, bias, self.scalar(node, "x_zero"))

    def lower(self, node: Node) -> list[Call]:
        w, bias, _, multiplier = sum_parts(self, node, 0)
        (m, n), k = node.out_shape(), w.shape[1]
        args = q_matmul_args(
            m,
            k,
            n,
            a=node.input(0),
            b=node.new_constant("weight", packed_columns(w.T)),
            bias=node.new_constant("bias", fold_zero(node, w, bias, self.scalar(node, "x_zero"))),
            multiplier=node.new_constant("multiplier", multiplier),
            y=node.output(),
            a_stride=(1, m) if node.attr("transA", 0) else (k, 1),
            multiplier_stride=1,
            **self.rounding(node),
        )
        return [Call(q_matmul, f"{node.dtype()}_{'i8' if w.dtype == np.int8 else 'i16'}", args)]

    def macs(self, node: Node) -> int:
        return node.size() * int(self.value(node, "w").shape[1])

    def error(self, node: Node, x: Arrays, real: Array) -> Array:
        _, _, missed, multiplier = sum_parts(self, node, 0)
        return np.asarray(super().error(node, x, real) + missed * multiplier)


class MatMulInteger(_Product):
    op_types = ("MatMulInteger",)
    kernels = (q_matmul, q_matmul_pair)
    dtypes = QUANTISED
    constant_inputs = (2, 3)

    def check(self, node: Node) -> None:
        if node.has(2) and node.const(2, "zero point").size > 1:
            raise node.refuse("a zero point for each row", "one for the whole tensor")
        if node.has(3) and node.const(3, "zero point").size > 1 and self._is_pair(node):
            raise node.refuse("zero points of columns that are no constants")
        self._check_pair(node)
        self._nest(node)

    def _zero(self, node: Node, i: int) -> Array:
        return node.const(i, "zero point") if node.has(i) else np.zeros((), np.int8)

    def lower(self, node: Node) -> list[Call]:
        a_zero = int(self._zero(node, 2).ravel()[0])
        if self._is_pair(node):
            args = self._pair(node, a_zero, int(self._zero(node, 3).ravel()[0]))
            return [Call(q_matmul_pair, f"{node.dtype()}_{node.dtype(1)}", args)]
        w = centred(node.const(1, "weights"), self._zero(node, 3))
        args = self._plain(node, w, np.zeros(w.reshape(w.shape[0], -1).shape[1], np.int64), a_zero)
        return [Call(q_matmul, self._variant(node, w), args)]
