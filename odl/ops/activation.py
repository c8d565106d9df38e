"""Activations and other elementwise functions of one float."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import I8, I32, I64, U8, DType
from odl.ops.elementwise import Elementwise, Function, ulps, unary
from odl.ops.node import Node
from odl.ops.weave import Term
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


def _flat(x: Term, y: Term, *_: float) -> None:
    """Steps have the derivative zero, wherever they have one."""


def _logistic(x: Term) -> Term:
    return x.apply("Sigmoid")


def _below(x: Term, low: Term | float, high: Term | float) -> Term:
    """`low` where x < 0, else `high`."""
    return x.build.where(x < 0.0, low, high)


def _inside(x: Term, low: float, high: float, value: Term | float) -> Term:
    """`value` where low < x < high, else 0."""
    return x.build.where(x.build.term("And", x > low, x < high), value, 0.0)


def _gelu_slope(x: Term, y: Term) -> Term:
    """Phi(x) + x phi(x), for the normal distribution (arXiv:1606.08415)."""
    below = (x * math.sqrt(0.5)).apply("Erf") * 0.5 + 0.5
    return below + x * (x * x * -0.5).apply("Exp") * (1 / math.sqrt(2 * math.pi))


def _gelu_tanh_slope(x: Term, y: Term) -> Term:
    c, a = math.sqrt(2 / math.pi), 0.044715
    t = ((x * x * x * a + x) * c).apply("Tanh")
    inner = (x * x * (3 * a) + 1.0) * c
    return (t + 1.0) * 0.5 + x * 0.5 * (1.0 - t * t) * inner


def _mish_slope(x: Term, y: Term) -> Term:
    t = x.apply("Softplus").apply("Tanh")
    return t + x * (1.0 - t * t) * _logistic(x)


def _swish_slope(x: Term, y: Term, a: float) -> Term:
    s = _logistic(x * a)
    return s + y * a * (1.0 - s)


FUNCTIONS = {
    "Abs": Function(unary("abs", np.abs), dtypes=SIGNED, derivative=lambda x, y: x.apply("Sign")),
    "Ceil": Function(unary("ceil", np.ceil), derivative=_flat),
    "Celu": Function(
        unary("celu", lambda x, a: np.where(x >= 0, x, a * np.expm1(np.minimum(x, 0) / a)), 1),
        _celu_bound,
        (("alpha", 1.0),),
        derivative=lambda x, y, a: _below(x, (y * (1 / a)) + 1.0, 1.0),
    ),
    "Elu": Function(
        unary("elu", _elu, 1),
        ulps(2.2),
        (("alpha", 1.0),),
        derivative=lambda x, y, a: _below(x, y + a, 1.0),
    ),
    "Erf": Function(
        unary("erf", _erf),
        ulps(1.4),
        derivative=lambda x, y: (x * x * -1.0).apply("Exp") * (2 / math.sqrt(math.pi)),
    ),
    "Exp": Function(
        unary("exp", np.exp),
        ulps(0.9),
        keep_single="exp(12) exceeds 65504",
        derivative=lambda x, y: y,
    ),
    "Floor": Function(unary("floor", np.floor), derivative=_flat),
    "HardSigmoid": Function(
        unary("hard_sigmoid", lambda x, a, b: _unit(a * x + b), 2),
        lambda x, y, u, a, b: u * (2 * np.abs(a * x) + abs(b)) * 1.01,
        (("alpha", 0.2), ("beta", 0.5)),
        derivative=lambda x, y, a, b: _inside(y, 0.0, 1.0, a),
    ),
    "HardSwish": Function(
        unary("hard_swish", lambda x: x * _unit(x / 6 + np.float32(0.5))),
        lambda x, y, u: np.where(np.isinf(x), 0, u * np.abs(x) * (2 * np.abs(x / 6) + 2)),
        derivative=lambda x, y: x.build.where(
            x >= 3.0, 1.0, _inside(x, -3.0, 3.0, x * (1 / 3) + 0.5)
        ),
    ),
    "LeakyRelu": Function(
        unary("leaky_relu", lambda x, a: np.where(x >= 0, x, a * x), 1),
        ulps(1.0),
        (("alpha", 0.01),),
        derivative=lambda x, y, a: _below(x, a, 1.0),
    ),
    "Log": Function(unary("log", np.log), ulps(1.0), derivative=lambda x, y: 1.0 / x),
    "Mish": Function(
        unary("mish", lambda x: x * np.tanh(_softplus(x))), ulps(5.0), derivative=_mish_slope
    ),
    "Neg": Function(
        unary("neg", np.negative), dtypes=SIGNED, derivative=lambda x, y: x.build.number(-1.0)
    ),
    "Reciprocal": Function(
        unary("reciprocal", lambda x: 1 / x), ulps(0.5), derivative=lambda x, y: -(y * y)
    ),
    "Round": Function(unary("round", np.rint), derivative=_flat),
    "Selu": Function(
        unary("selu", lambda x, a, g: g * _elu(x, a), 2),
        ulps(2.8),
        (("alpha", 1.67326319217681884765625), ("gamma", 1.05070102214813232421875)),
        derivative=lambda x, y, a, g: _below(x, y + a * g, g),
    ),
    "Shrink": Function(
        unary("shrink", lambda x, a, b: np.where(x < -a, x + b, np.where(x > a, x - b, x * 0)), 2),
        ulps(0.5),
        (("lambd", 0.5), ("bias", 0.0)),
        derivative=lambda x, y, a, b: x.build.where(x.apply("Abs") > a, 1.0, 0.0),
    ),
    "Sigmoid": Function(
        unary("sigmoid", _sigmoid), ulps(1.9), derivative=lambda x, y: y * (1.0 - y)
    ),
    "Sign": Function(unary("sign", np.sign), dtypes=(*SIGNED, U8), derivative=_flat),
    "Softplus": Function(
        unary("softplus", _softplus), ulps(1.9), derivative=lambda x, y: _logistic(x)
    ),
    "Softsign": Function(
        unary("softsign", lambda x: x / (1 + np.abs(x))),
        ulps(1.05),
        derivative=lambda x, y: (1.0 - y.apply("Abs")) * (1.0 - y.apply("Abs")),
    ),
    "Sqrt": Function(unary("sqrt", np.sqrt), ulps(0.5), derivative=lambda x, y: 0.5 / y),
    "Swish": Function(
        unary("swish", lambda x, a: x * _sigmoid(a * x), 1),
        lambda x, y, u, a: np.where(y == 0, 0, ulps(3)(x, y, u) + u * np.abs(a * x * y)),
        (("alpha", 1.0),),
        derivative=_swish_slope,
    ),
    "Tanh": Function(unary("tanh", np.tanh), ulps(1.5), derivative=lambda x, y: 1.0 - y * y),
    "ThresholdedRelu": Function(
        unary("thresholded_relu", lambda x, a: np.where(x > a, x, x * 0), 1),
        parameters=(("alpha", 1.0),),
        derivative=lambda x, y, a: x.build.where(x > a, 1.0, 0.0),
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
        derivative=_gelu_slope,
    ),
    "tanh": Function(
        unary("gelu_tanh", _gelu_tanh),
        lambda x, y, u: np.where(np.isinf(x), 0, 5 * u * np.abs(x)),
        derivative=_gelu_tanh_slope,
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
