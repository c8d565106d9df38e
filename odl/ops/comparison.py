"""Comparisons, logical and bitwise operators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import BOOL, I8, I32, I64, U8, DType
from odl.ops.arithmetic import binary, binary_call
from odl.ops.elementwise import Elementwise, Function, unary
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.wide import INTEGERS, NUMBERS
from odl.program import Call, Kernel

Array = npt.NDArray[Any]

LESS = binary("less", np.less)
LESS_OR_EQUAL = binary("less_or_equal", np.less_equal)
EQUAL = binary("equal", np.equal)
AND = replace(binary("bit_and", np.bitwise_and), joins=all)
OR = replace(binary("bit_or", np.bitwise_or), joins=any)
XOR = binary("bit_xor", np.bitwise_xor)


def _shift(function: Any) -> Any:
    """By the width of the type or more, all bits go, but to the right the sign stays."""

    def run(a: Array, b: Array) -> Array:
        width = 8 * a.dtype.itemsize
        far = (b < 0) | (b >= width)
        gone = np.where(a < 0, -1, 0) if function is np.right_shift else np.zeros_like(a)
        return np.where(far, gone, function(a, np.where(far, 0, b)))

    return run


LEFT = binary("shift_left", _shift(np.left_shift))
RIGHT = binary("shift_right", _shift(np.right_shift))

TRUTH = (BOOL,)

ROWS: dict[str, tuple[Kernel, tuple[DType, ...], bool]] = {
    "And": (AND, TRUTH, False),
    "BitwiseAnd": (AND, INTEGERS, False),
    "BitwiseOr": (OR, INTEGERS, False),
    "BitwiseXor": (XOR, INTEGERS, False),
    "Equal": (EQUAL, (*NUMBERS, BOOL), False),
    "Greater": (LESS, NUMBERS, True),
    "GreaterOrEqual": (LESS_OR_EQUAL, NUMBERS, True),
    "Less": (LESS, NUMBERS, False),
    "LessOrEqual": (LESS_OR_EQUAL, NUMBERS, False),
    "Or": (OR, TRUTH, False),
    "Xor": (XOR, TRUTH, False),
}
"""Kernel, types, and whether the operands are exchanged."""


class Comparison(Operator):
    """Two operands with broadcasting, exact."""

    op_types = tuple(ROWS)
    joins = "And"
    elementwise = True
    dtypes = (*NUMBERS, BOOL)

    def types(self, op_type: str) -> tuple[DType, ...]:
        return ROWS[op_type][1]

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        return (ROWS[op_type][0],)

    def lower(self, node: Node) -> list[Call]:
        kernel, _, exchanged = ROWS[node.op]
        operands = [(node.input(i), node.shape(i)) for i in ((1, 0) if exchanged else (0, 1))]
        return [binary_call(node, kernel, str(node.dtype()), operands)]


class BitShift(Operator):
    op_types = ("BitShift",)
    elementwise = True
    attributes = ("direction",)
    kernels = (LEFT, RIGHT)
    dtypes = INTEGERS

    def lower(self, node: Node) -> list[Call]:
        kernel = LEFT if node.attr("direction", "") == "LEFT" else RIGHT
        operands = [(node.input(i), node.shape(i)) for i in (0, 1)]
        return [binary_call(node, kernel, str(node.dtype()), operands)]


def _is_inf(x: Array, negative: float, positive: float) -> Array:
    return (np.isposinf(x) & (positive > 0)) | (np.isneginf(x) & (negative > 0))


class Test(Elementwise):
    """A truth value, or the bits, of one operand."""

    functions = {
        "BitwiseNot": Function(unary("bit_not", np.invert), dtypes=(I8, U8, I32, I64)),
        "IsInf": Function(
            unary("is_inf", lambda x, a, b: _is_inf(x, b, a), 2),
            parameters=(("detect_positive", 1.0), ("detect_negative", 1.0)),
        ),
        "IsNaN": Function(unary("is_nan", np.isnan)),
        "Not": Function(unary("not", np.logical_not), dtypes=TRUTH),
    }
    op_types = tuple(functions)
    attributes = ("detect_negative", "detect_positive")
    dtypes = (*NUMBERS, BOOL)
