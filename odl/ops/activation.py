"""Activations and other elementwise functions of one float."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import I8, I32, I64, U8, DType
from odl.ops.elementwise import Elementwise, Function, ulps, unary
from odl.ops.node import Node
from odl.ops.wide import FLOATS, NUMBERS
from odl.program import Kernel

Array = npt.NDArray[Any]

SIGNED = (*FLOATS, I8, I32, I64)


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x.astype(np.float64))))


def _softplus(x: Array) -> Array:
    return np.logaddexp(0, x.astype(np.float64))


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _unit(x: Array) -> Array:
    return np.clip(x, np.float32(0), np.float32(1))


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _gelu_tanh(x: Array) -> Array:
    inner = np.float32(0.79788456) * (x + np.float32(0.044715) * x**3)
    return np.asarray(np.float32(0.5) * x * (1 + np.tanh(inner)))


def _celu_bound(x: Array, y: Array, u: float, alpha: float) -> Array:
    """The rounding of x / alpha is scaled by exp(x / alpha)."""
    scaled = np.abs(x) * np.exp(np.minimum(x / alpha, 0)) * u
    return np.where(x < 0, ulps(2.8)(x, y, u) + scaled, 0)


FUNCTIONS = {
    "Abs": Function(unary("abs", np.abs), dtypes=SIGNED),
    "Ceil": Function(unary("ceil", np.ceil)),
    "Celu": Function(
        unary("celu", lambda x, a: np.where(x >= 0, x, a * np.expm1(np.minimum(x, 0) / a)), 1),
        _celu_bound,
        (("alpha", 1.0),),
    ),
    "Elu": Function(unary("elu", _elu, 1), ulps(2.2), (("alpha", 1.0),)),
    "Erf": Function(unary("erf", _erf), ulps(1.4)),
    "Exp": Function(unary("exp", np.exp), ulps(0.9), keep_single="exp(12) exceeds 65504"),
    "Floor": Function(unary("floor", np.floor)),
    "HardSigmoid": Function(
        unary("hard_sigmoid", lambda x, a, b: _unit(a * x + b), 2),
        lambda x, y, u, a, b: u * (2 * np.abs(a * x) + abs(b)) * 1.01,
        (("alpha", 0.2), ("beta", 0.5)),
    ),
    "HardSwish": Function(
        unary("hard_swish", lambda x: x * _unit(x / 6 + np.float32(0.5))),
        lambda x, y, u: np.where(np.isinf(x), 0, u * np.abs(x) * (2 * np.abs(x / 6) + 2)),
    ),
    "LeakyRelu": Function(
        unary("leaky_relu", lambda x, a: np.where(x >= 0, x, a * x), 1),
        ulps(1.0),
        (("alpha", 0.01),),
    ),
    "Log": Function(unary("log", np.log), ulps(1.0)),
    "Mish": Function(unary("mish", lambda x: x * np.tanh(_softplus(x))), ulps(5.0)),
    "Neg": Function(unary("neg", np.negative), dtypes=SIGNED),
    "Reciprocal": Function(unary("reciprocal", lambda x: 1 / x), ulps(0.5)),
    "Round": Function(unary("round", np.rint)),
    "Selu": Function(
        unary("selu", lambda x, a, g: g * _elu(x, a), 2),
        ulps(2.8),
        (("alpha", 1.67326319217681884765625), ("gamma", 1.05070102214813232421875)),
    ),
    "Shrink": Function(
        unary("shrink", lambda x, a, b: np.where(x < -a, x + b, np.where(x > a, x - b, x * 0)), 2),
        ulps(0.5),
        (("lambd", 0.5), ("bias", 0.0)),
    ),
    "Sigmoid": Function(unary("sigmoid", _sigmoid), ulps(1.9)),
    "Sign": Function(unary("sign", np.sign), dtypes=(*SIGNED, U8)),
    "Softplus": Function(unary("softplus", _softplus), ulps(1.9)),
    "Softsign": Function(unary("softsign", lambda x: x / (1 + np.abs(x))), ulps(1.05)),
    "Sqrt": Function(unary("sqrt", np.sqrt), ulps(0.5)),
    "Swish": Function(
        unary("swish", lambda x, a: x * _sigmoid(a * x), 1),
        lambda x, y, u, a: np.where(y == 0, 0, ulps(3)(x, y, u) + u * np.abs(a * x * y)),
        (("alpha", 1.0),),
    ),
    "Tanh": Function(unary("tanh", np.tanh), ulps(1.5)),
    "ThresholdedRelu": Function(
        unary("thresholded_relu", lambda x, a: np.where(x > a, x, x * 0), 1),
        parameters=(("alpha", 1.0),),
    ),
}


class Activation(Elementwise):
    """Transcendental functions are those of math.h, which states their ULP bounds."""

    op_types = tuple(FUNCTIONS)
    attributes = ("alpha", "beta", "bias", "gamma", "lambd")
    dtypes = NUMBERS
    functions = FUNCTIONS


GELU = {
    "none": Function(
        unary("gelu", lambda x: np.float32(0.5) * x * (1 + _erf(x * np.float32(0.70710678)))),
        lambda x, y, u: np.where(np.isinf(x), 0, 4 * u * np.abs(x)),
    ),
    "tanh": Function(
        unary("gelu_tanh", _gelu_tanh),
        lambda x, y, u: np.where(np.isinf(x), 0, 5 * u * np.abs(x)),
    ),
}


class Gelu(Elementwise):
    """x / 2 (1 + erf(x / sqrt(2))), or its approximation with tanh (arXiv:1606.08415)."""

    op_types = ("Gelu",)
    attributes = ("approximate",)
    dtypes = FLOATS
    functions = GELU

    def types(self, op_type: str) -> tuple[DType, ...]:
        return self.dtypes

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        return tuple(row.kernel for row in GELU.values())

    def row(self, node: Node) -> Function:
        kind = node.attr("approximate", "none")
        if kind not in GELU:
            raise node.refuse(f"approximate '{kind}'", f"supported: {', '.join(GELU)}")
        return GELU[kind]
