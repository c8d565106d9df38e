"""Elementwise functions of one operand: LeakyRelu, Sigmoid, Tanh, Sqrt."""

from __future__ import annotations

import numpy as np

from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.program import Call, In, Out, kernel


@kernel
def leaky_relu(x: In, y: Out, n: int, alpha: float) -> None:
    """y = x for x >= 0, alpha * x below."""
    y[:n] = np.where(x[:n] >= 0, x[:n], np.float32(alpha) * x[:n])


@kernel
def sigmoid(x: In, y: Out, n: int) -> None:
    """y = 1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):
        y[:n] = 1 / (1 + np.exp(-x[:n].astype(np.float64)))


@kernel
def tanh(x: In, y: Out, n: int) -> None:
    """y = tanh(x)."""
    y[:n] = np.tanh(x[:n])


@kernel
def sqrt(x: In, y: Out, n: int) -> None:
    """y = sqrt(x), correctly rounded."""
    y[:n] = np.sqrt(x[:n])


class LeakyRelu(Operator):
    op_types = ("LeakyRelu",)
    attributes = ("alpha",)
    ulps = 1.0

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), "n": node.size()}
        args["alpha"] = node.attr("alpha", 0.01)
        return [Call(leaky_relu, str(node.dtype()), args, overlay=("x",))]


class Transcendental(Operator):
    """Functions of firmware/runtime/math.c; their ULP bounds are measured over every float."""

    op_types = ("Sigmoid", "Tanh", "Sqrt")
    _kernels = {"Sigmoid": sigmoid, "Tanh": tanh, "Sqrt": sqrt}
    _ulps = {"Sigmoid": 1.9, "Tanh": 1.5, "Sqrt": 0.5}
    """ODL_SIGMOIDF_ULP and its like in math.h."""

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), "n": node.size()}
        return [Call(self._kernels[node.op], str(node.dtype()), args, overlay=("x",))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        return [self._ulps[node.op] * 2 * u * np.abs(v) for v in y]
