"""Elementwise functions of two operands and more, with NumPy's broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.dtype import DType
from odl.ops import strides
from odl.ops.backward import Backward, Gradients
from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.tilings import nest
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, NUMBERS, wide
from odl.program import Call, In, Kernel, Out, Ref

Array = npt.NDArray[Any]


def binary(name: str, function: Any) -> Kernel:
    """The kernel `name` whose elements are `function(a, b)`."""

    def run(
        a: In,
        b: In,
        y: Out,
        dims: tuple[int, ...],
        a_stride: tuple[int, ...],
        b_stride: tuple[int, ...],
    ) -> None:
        index = np.indices(dims).reshape(len(dims), -1)
        left = wide(a[np.tensordot(a_stride, index, 1)])
        right = wide(b[np.tensordot(b_stride, index, 1)])
        with np.errstate(all="ignore"):
            y[: left.size] = function(left, right)

    return Kernel(name, run, nest({"a": "a_stride", "b": "b_stride"}))


def binary_call(
    node: Node, kernel: Kernel, variant: str, operands: Sequence[tuple[Ref, tuple[int, ...]]]
) -> Call:
    """The call that combines two operands, each with its shape, to the node's output."""
    out = node.out_shape()
    walk = [strides.broadcast(shape, out) for _, shape in operands]
    dims, (a, b) = strides.merge(out, *walk)
    if len(dims) > strides.RANK:
        raise node.refuse(f"broadcasting over {len(dims)} dimensions", f"at most {strides.RANK}")
    args = {
        "a": operands[0][0],
        "b": operands[1][0],
        "y": node.output(),
        "dims": strides.fill(dims, 1),
        "a_stride": strides.fill(a, 0),
        "b_stride": strides.fill(b, 0),
    }
    whole = [name for name, (_, shape) in zip("ab", operands, strict=True) if shape == out]
    return Call(kernel, variant, args, overlay=tuple(whole))


def _divide(a: Array, b: Array) -> Array:
    """Of integers, towards zero; 0 where b is 0."""
    if a.dtype.kind == "f":
        return np.asarray(a / b)
    safe = np.where(b == 0, 1, b)
    whole = np.where(b == -1, np.negative(a), a // safe)  # towards -infinity
    up = (a % safe != 0) & ((a < 0) != (safe < 0)) & (b != -1)
    return np.where(b == 0, 0, whole + up)


def _maximum(a: Array, b: Array) -> Array:
    return np.where((a >= b) | (a != a), a, b)


def _minimum(a: Array, b: Array) -> Array:
    return np.where((a <= b) | (a != a), a, b)


@dataclass(frozen=True)
class Pair:
    """A function of two operands of one type, and how often it rounds."""

    kernel: Kernel
    dtypes: tuple[DType, ...] = NUMBERS
    roundings: int = 0
    derivatives: Callable[[Term, Term, Term], tuple[Term | None, Term | None]] | None = None
    """Gradients of a and b, before broadcasting is undone, from dy, a and b."""


def _slope_of_quotient(dy: Term, a: Term, b: Term) -> tuple[Term, Term]:
    da = dy / b
    return da, -(da * (a / b))


def _slope_of_prelu(dy: Term, a: Term, b: Term) -> tuple[Term, Term]:
    where, below = dy.build.where, a < 0.0
    return where(below, dy * b, dy), where(below, dy * a, 0.0)


PAIRS = {
    "Add": Pair(binary("add", np.add), roundings=1, derivatives=lambda dy, a, b: (dy, dy)),
    "Div": Pair(binary("div", _divide), roundings=1, derivatives=_slope_of_quotient),
    "Max": Pair(binary("max", _maximum)),
    "Min": Pair(binary("min", _minimum)),
    "Mul": Pair(
        binary("mul", np.multiply), roundings=1, derivatives=lambda dy, a, b: (dy * b, dy * a)
    ),
    "PRelu": Pair(
        binary("prelu", lambda a, b: np.where(a >= 0, a, a * b)), FLOATS, 1, _slope_of_prelu
    ),
    "Sub": Pair(binary("sub", np.subtract), roundings=1, derivatives=lambda dy, a, b: (dy, -dy)),
}


class Arithmetic(Operator):
    """y = a op b over the broadcast shape; one rounding of floats, and integers wrap."""

    op_types = ("Add", "Div", "Mul", "PRelu", "Sub")
    elementwise = True
    dtypes = NUMBERS

    def types(self, op_type: str) -> tuple[DType, ...]:
        return PAIRS[op_type].dtypes

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        return (PAIRS[op_type].kernel,)

    def lower(self, node: Node) -> list[Call]:
        operands = [(node.input(i), node.shape(i)) for i in (0, 1)]
        return [binary_call(node, PAIRS[node.op].kernel, str(node.dtype()), operands)]

    def trainables(self, node: Node) -> dict[int, str]:
        """The slope of PRelu, and what is added to a product with weights."""
        if node.op == "PRelu":
            return {1: "weight"}
        if node.op != "Add":
            return {}
        products = [v.producer() for v in node.values]
        return {1 - i: "bias" for i, p in enumerate(products) if p and p.op_type == "MatMul"}

    def gradient(self, b: Backward, node: Node) -> Gradients:
        derivatives = PAIRS[node.op].derivatives
        assert derivatives is not None
        slopes = derivatives(b.dy(), b.x(0), b.x(1))
        return [b.unbroadcast(s, i) if s and b.wants(i) else None for i, s in enumerate(slopes)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        return [PAIRS[node.op].roundings * u * np.abs(y[0])]


class Variadic(Operator):
    """Max, Min and Sum of any number of operands, one after the other."""

    op_types = ("Max", "Min", "Sum")
    kernels = tuple(PAIRS[op].kernel for op in ("Add", "Max", "Min"))
    elementwise = True
    dtypes = NUMBERS

    def alias(self, node: Node) -> int | None:
        return 0 if len(node.values) == 1 else None

    def lower(self, node: Node) -> list[Call]:
        kernel = PAIRS["Add" if node.op == "Sum" else node.op].kernel
        calls, left = [], (node.input(0), node.shape(0))
        for i in range(1, len(node.values)):
            operands = [left, (node.input(i), node.shape(i))]
            calls.append(binary_call(node, kernel, str(node.dtype()), operands))
            left = (node.output(), node.out_shape())
        return calls

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Of Max and Min: that of the first operand that is the result."""
        found: list[Term | None] = []
        left = b.dy()
        for i in range(len(node.values)):
            slope = left
            if node.op != "Sum":
                chosen = b.term("Equal", b.x(i), b.y())
                slope, left = b.where(chosen, left, 0.0), b.where(chosen, 0.0, left)
            found.append(b.unbroadcast(slope, i) if b.wants(i) else None)
        return found

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        if node.op != "Sum" or node.dtype() not in FLOATS:
            return [np.zeros(y[0].shape)]
        total = np.zeros(y[0].shape)
        for v in x:
            total = total + np.abs(v)
        stored = max(u, node.dtype().unit_roundoff)  # of the partial sums, in y
        return [gamma(len(x) - 1, stored) * total]


@foreign("Mean")
def mean(b: Builder, node: Node) -> Sequence[ir.Value]:
    """The sum, divided."""
    return [b("Div", b("Sum", *node.values), b.scalar("count", len(node.values)))]
