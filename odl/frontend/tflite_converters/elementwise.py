"""Elementwise operators: most have an ONNX operator of the same meaning."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from odl.frontend.tflite_converters.converter import Converter, converter
from odl.frontend.tflite_node import TfliteNode


def _unary(name: str, op: str, **attributes: object) -> Converter:
    return converter(name)(lambda node: node(op, node.x(), **attributes))


def _binary(name: str, op: str, options: str = "") -> Converter:
    return converter(name, options, activation=bool(options))(
        lambda node: node(op, node.x(0), node.x(1))
    )


def _clamped(name: str, low: float, high: float) -> Converter:
    return converter(name)(lambda node: node.clamp(node.x(), low, high))


SAME_MEANING = (
    _unary("ABS", "Abs"),
    _unary("CEIL", "Ceil"),
    _unary("COS", "Cos"),
    _unary("ELU", "Elu"),
    _unary("EXP", "Exp"),
    _unary("FLOOR", "Floor"),
    _unary("HARD_SWISH", "HardSwish"),
    _unary("LOG", "Log"),
    _unary("LOG_SOFTMAX", "LogSoftmax", axis=-1),
    _unary("LOGICAL_NOT", "Not"),
    _unary("LOGISTIC", "Sigmoid"),
    _unary("NEG", "Neg"),
    _unary("ROUND", "Round"),
    _unary("SIGN", "Sign"),
    _unary("SIN", "Sin"),
    _unary("SQRT", "Sqrt"),
    _unary("TANH", "Tanh"),
    _clamped("RELU", 0, math.inf),
    _clamped("RELU6", 0, 6),
    _clamped("RELU_0_TO_1", 0, 1),
    _clamped("RELU_N1_TO_1", -1, 1),
    _binary("ADD", "Add", "AddOptions"),
    _binary("SUB", "Sub", "SubOptions"),
    _binary("MUL", "Mul", "MulOptions"),
    _binary("DIV", "Div", "DivOptions"),
    _binary("MAXIMUM", "Max"),
    _binary("MINIMUM", "Min"),
    _binary("POW", "Pow"),
    _binary("PRELU", "PRelu"),
    _binary("EQUAL", "Equal"),
    _binary("GREATER", "Greater"),
    _binary("GREATER_EQUAL", "GreaterOrEqual"),
    _binary("LESS", "Less"),
    _binary("LESS_EQUAL", "LessOrEqual"),
    _binary("LOGICAL_AND", "And"),
    _binary("LOGICAL_OR", "Or"),
)


@converter("RSQRT")
def rsqrt(node: TfliteNode) -> ir.Value:
    return node("Reciprocal", node("Sqrt", node.x()))


@converter("SQUARE")
def square(node: TfliteNode) -> ir.Value:
    return node("Mul", node.x(), node.x())


@converter("SQUARED_DIFFERENCE")
def squared_difference(node: TfliteNode) -> ir.Value:
    difference = node("Sub", node.x(0), node.x(1))
    return node("Mul", difference, difference)


@converter("LEAKY_RELU", "LeakyReluOptions")
def leaky_relu(node: TfliteNode) -> ir.Value:
    return node("LeakyRelu", node.x(), alpha=node.option("Alpha"))


@converter("GELU", "GeluOptions")
def gelu(node: TfliteNode) -> ir.Value:
    approximate = "tanh" if node.option("Approximate") else "none"
    return node("Gelu", node.x(), approximate=approximate)


@converter("SOFTMAX", "SoftmaxOptions")
def softmax(node: TfliteNode) -> ir.Value:
    """Over the last axis, of beta * x; a graph without the option means beta = 1."""
    x, beta = node.x(), node.option("Beta")
    if beta not in (0, 1):
        x = node("Mul", x, node.scalar("beta", beta))
    return node("Softmax", x, axis=-1)


@converter("NOT_EQUAL")
def not_equal(node: TfliteNode) -> ir.Value:
    return node("Not", node("Equal", node.x(0), node.x(1)))


@converter("SELECT")
def select(node: TfliteNode) -> ir.Value:
    """A condition of rank 1 chooses whole rows."""
    rank, rows = len(node.shape(1)), node.shape(0)
    shape = (*rows, *(1,) * (rank - 1)) if len(rows) == 1 < rank else ()
    return node("Where", node.x(0, shape=shape), node.x(1), node.x(2))


@converter("SELECT_V2")
def select_v2(node: TfliteNode) -> ir.Value:
    return node("Where", node.x(0), node.x(1), node.x(2))


@converter("QUANTIZE")
def quantize(node: TfliteNode) -> ir.Value:
    """From float, or from other scales."""
    if node.out.quantization is None:
        raise node.malformed("its output has no scale")
    return node.x()


@converter("DEQUANTIZE")
def dequantize(node: TfliteNode) -> ir.Value:
    """To float; a float16 constant folds."""
    if node.tensor(0).dtype == ir.DataType.FLOAT16:
        return node("Cast", node.x(), to=int(ir.DataType.FLOAT))
    return node.dequantized(0)


@converter("CAST")
def cast(node: TfliteNode) -> ir.Value:
    return node("Cast", node.x(), to=int(node.out.dtype))


@converter("FLOOR_DIV")
def floor_div(node: TfliteNode) -> ir.Value:
    if node.tensor(0).dtype != ir.DataType.FLOAT:
        raise node.refuse(f"elements of {node.tensor(0).dtype}", "supported: FLOAT")
    return node("Floor", node("Div", node.x(0), node.x(1)))


@converter("ADD_N")
def add_n(node: TfliteNode) -> ir.Value:
    total = node.x(0)
    for i in range(1, node.count):
        total = node("Add", total, node.x(i))
    return total


@converter("ZEROS_LIKE")
def zeros_like(node: TfliteNode) -> ir.Value:
    zero = node.constant("zero", np.zeros((), node.out.dtype.numpy()))
    return node("Expand", zero, node.list("shape", node.out.shape))
