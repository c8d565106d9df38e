"""Pow and Mod."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import I32, I64
from odl.ops.arithmetic import PAIRS, binary, binary_call
from odl.ops.backward import Backward, Gradients
from odl.ops.elementwise import ulps
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, NUMBERS
from odl.program import Call

Array = npt.NDArray[Any]


def _power(a: Array, b: Array) -> Array:
    """Integers wrap, and their negative powers are 0 unless a is 1 or -1."""
    if a.dtype.kind == "f":
        return np.asarray(np.power(a, b.astype(np.float32)))
    unit = np.abs(a) == 1
    odd = np.where(b % 2 == 0, 1, a)
    raised = np.power(a, np.maximum(b, 0).astype(a.dtype))
    return np.where(b < 0, np.where(unit, odd, 0), raised)


def _remainder(function: Any) -> Any:
    """Integers by zero give 0."""

    def run(a: Array, b: Array) -> Array:
        if a.dtype.kind == "f":
            return np.asarray(function(a, b))
        return np.where(b == 0, 0, function(a, np.where(b == 0, 1, b)))

    return run


POW = binary("pow", _power)
MOD = binary("mod", _remainder(np.mod))
FMOD = binary("fmod", _remainder(np.fmod))


class Pow(Operator):
    """a^b; a square is a product."""

    op_types = ("Pow",)
    kernels = (POW, PAIRS["Mul"].kernel)
    elementwise = True
    dtypes = (*FLOATS, I32, I64)
    note = "exponents f32, f16, i32, i64; integers with integers"

    def check(self, node: Node) -> None:
        whole = node.dtype(1) in (I32, I64)
        if not whole and not (node.dtype(0).is_float and node.dtype(1).is_float):
            kinds = f"{node.dtype(0)} to the power of {node.dtype(1)}"
            raise node.refuse(kinds, f"supported: {self.note}")

    def keep_single(self, node: Node) -> str:
        return "a power may exceed 65504"

    def _is_square(self, node: Node) -> bool:
        return node.is_const(1) and bool((node.const(1, "exponent") == 2).all())

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """e a^(e-1) and a^e log a; 0 where e is 0, and for e where a is not positive."""
        dy, a, e, y = b.dy(), b.x(0), b.x(1), b.y()
        da = de = None
        if b.wants(0):
            da = b.unbroadcast(dy * self._slope(b, node, a, e, y), 0)
        if b.wants(1):
            log = b.where(a > 0.0, a, 1.0).apply("Log")
            de = b.unbroadcast(dy * (y * log), 1)
        return [da, de]

    def _slope(self, b: Backward, node: Node, a: Term, e: Term, y: Term) -> Term:
        """Of usual exponents, without another power."""
        usual = {2.0: lambda: a * 2.0, 0.5: lambda: 0.5 / y, -1.0: lambda: -(y * y)}
        if node.is_const(1):
            exponents = np.unique(node.const(1, "exponent")).astype(float)
            if exponents.size == 1 and float(exponents[0]) in usual:
                return usual[float(exponents[0])]()
        kind = node.dtype(0)
        factor = e.cast(kind)
        slope = factor * b.term("Pow", a, e - b.one(e), like=y)
        return b.where(b.term("Equal", factor, b.number(0.0)), 0.0, slope)

    def lower(self, node: Node) -> list[Call]:
        base, exponent = (node.input(0), node.shape(0)), (node.input(1), node.shape(1))
        if self._is_square(node) and node.shape(0) == node.out_shape():
            return [binary_call(node, PAIRS["Mul"].kernel, str(node.dtype()), [base, base])]
        return [binary_call(node, POW, f"{node.dtype(0)}_{node.dtype(1)}", [base, exponent])]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        return [ulps(1.2)(x[0], y[0], u) if node.dtype().is_float else np.zeros(y[0].shape)]


class Mod(Operator):
    """The remainder: with fmod = 1 it has the sign of the dividend, else that of the divisor."""

    op_types = ("Mod",)
    kernels = (MOD, FMOD)
    elementwise = True
    attributes = ("fmod",)
    dtypes = NUMBERS

    def lower(self, node: Node) -> list[Call]:
        operands = [(node.input(i), node.shape(i)) for i in (0, 1)]
        kernel = FMOD if node.attr("fmod", 0) else MOD
        return [binary_call(node, kernel, str(node.dtype()), operands)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """fmod is exact; the other adds the divisor where the signs differ."""
        rounded = node.dtype().is_float and not node.attr("fmod", 0)
        return [u * np.abs(y[0]) if rounded else np.zeros(y[0].shape)]
