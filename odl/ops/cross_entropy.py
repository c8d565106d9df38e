"""ai.odl.CrossEntropy of class numbers, the mean of those that are known, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from odl.dtype import I32
from odl.ops.backward import Backward, Gradients
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.softmax import row
from odl.ops.tilings import leading, tiled
from odl.program import Call, In, Out, kernel
from odl.tiling import Args

Array = npt.NDArray[Any]

UNDERFLOW = 2 * 2.0**-149
"""What a small softmax may lose, as exp is computed and as it is scaled."""


def _inner(a: Args) -> int:
    """Labels of one of the outer units."""
    return int(a["inner"])


def _targets(label: Array, n: int, on: float, off: float) -> Array:
    """t of [outer, n, inner] from labels [outer, inner]."""
    t = np.where(np.arange(n)[None, :, None] == label[:, None, :], on, off)
    return t.astype(np.float32)


@tiled(leading("outer", z=row, label=_inner, each=_inner))
@kernel
def cross_entropy(
    z: In, label: In, each: Out, outer: int, n: int, inner: int, on: float, off: float
) -> None:
    """each[o, i] = -sum_c t[o, c, i] log softmax(z[o, :, i])_c; 0 where the label is below 0.

    t is `on` at the class label[o, i] and `off` at all others.
    """
    x = z[: outer * n * inner].reshape(outer, n, inner)
    known = label[: outer * inner].reshape(outer, inner)
    with np.errstate(invalid="ignore"):  # infinite logits make NaN
        away = x - x.max(axis=1, keepdims=True)
        log_p = away - np.log(np.exp(away).sum(axis=1, keepdims=True))
        lost = -(_targets(known, n, on, off) * log_p).sum(axis=1)
    each[: lost.size] = np.where(known >= 0, lost, 0).ravel()


@tiled(leading("outer", dy=_inner, z=row, label=_inner, dz=row))
@kernel
def cross_entropy_grad(
    dy: In, z: In, label: In, dz: Out, outer: int, n: int, inner: int, on: float, off: float
) -> None:
    """dz[o, c, i] = dy[o, i] (softmax(z[o, :, i])_c sum(t) - t[o, c, i]), t as cross_entropy's.

    0 where the label is below 0.
    """
    x = z[: outer * n * inner].reshape(outer, n, inner)
    known = label[: outer * inner].reshape(outer, 1, inner)
    slope = dy[: outer * inner].reshape(outer, 1, inner)
    total = np.where(known < n, 1, n * off).astype(np.float32)
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        share = total / e.sum(axis=1, keepdims=True)
        dx = slope * (e * share - _targets(known[:, 0], n, on, off))
    dz[: dx.size] = np.where(known >= 0, dx, 0).ravel()


@kernel
def masked_mean(each: In, label: In, y: Out, n: int) -> None:
    """y = the mean of `each` where the label is not below 0; 0 where it is everywhere."""
    known = label[:n] >= 0
    y[0] = each[:n][known].sum() / np.float32(max(1, known.sum()))


@kernel
def masked_mean_grad(dy: In, label: In, dx: Out, n: int) -> None:
    """dx = dy over the number of labels that are not below 0; 0 at the others."""
    known = label[:n] >= 0
    dx[:n] = np.where(known, dy[0] / np.float32(max(1, known.sum())), 0)


KNOWN = """
    no_class = Constant <value_int = 0> ()
    first_class = CastLike (no_class, label)
    known = GreaterOrEqual (label, first_class)
"""
"""Of a body: where there is a label."""

TARGETS = """
    smoothing_f = Constant <value_float: float = @smoothing> ()
    s = CastLike (smoothing_f, z)
    size = Shape <start = 1, end = 2> (z)
    classes = CastLike (size, z)
    off = Div (s, classes)
    one_f = Constant <value_float = 1.0> ()
    one = CastLike (one_f, z)
    rest = Sub (one, s)
    on = Add (rest, off)
    values = Concat <axis = 0> (off, on)
    count = Squeeze (size)
    depth = CastLike (count, label)
    t = OneHot <axis = 1> (label, depth, values)
    axis = Constant <value_ints = [1]> ()
    zero_f = Constant <value_float = 0.0> ()
    zero = CastLike (zero_f, z)
"""
"""Of a body: t, (1 - smoothing) onehot + smoothing / classes, and what else it needs of z."""


def _sizes(node: Node, z: int) -> dict[str, Any]:
    """The dimensions around the classes of input `z`, and the two values of t."""
    shape, s = node.shape(z), node.attr("smoothing", 0.0)
    off = s / shape[1]
    return {
        "outer": shape[0],
        "n": shape[1],
        "inner": product(shape[2:]),
        "on": 1 - s + off,
        "off": off,
    }


def _check_labels(node: Node, i: int, shape: tuple[int, ...]) -> None:
    if node.dtype(i) != I32 or node.shape(i) != shape:
        raise node.refuse(f"its labels are not {I32} {list(shape)}")


def _check_classes(node: Node, z: int) -> None:
    shape = node.shape(z)
    if len(shape) < 2:
        raise node.refuse(f"{list(shape)} has no axis of classes")
    _check_labels(node, z + 1, (shape[0], *shape[2:]))


def _shares(z: Array, u: float) -> tuple[Array, Array, Array]:
    """Of logits: how far each is below the largest, its softmax, and the error of their sum.

    exp amplifies the rounding of that distance by the distance itself, as in Softmax.
    """
    away = np.abs(z - z.max(axis=1, keepdims=True))
    e = np.exp(-away)
    p = e / e.sum(axis=1, keepdims=True)
    term = np.where(p > 0, u * away + 2 * u, 0)
    return away, p, (p * term).sum(axis=1, keepdims=True) + gamma(z.shape[1], u)


def _exact_targets(node: Node, label: Array, n: int) -> Array:
    """t with the classes on axis 1."""
    s = node.attr("smoothing", 0.0)
    classes = np.arange(n).reshape(1, n, *[1] * (label.ndim - 1))
    return np.where(label[:, None] == classes, 1 - s + s / n, s / n)


class CrossEntropy(Operator):
    """Inputs z, logits of classes on axis 1, and a class number for each position."""

    op_types = ("ai.odl.CrossEntropy",)
    kernels = (cross_entropy,)
    attributes = ("smoothing",)
    note = "labels of i32; those below 0 are masked"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            CrossEntropy <smoothing> (z, label) => (each) {{
                {KNOWN} {TARGETS}
                log_p = LogSoftmax <axis = 1> (z)
                weighted = Mul (t, log_p)
                total = ReduceSum <keepdims = 0> (weighted, axis)
                lost = Neg (total)
                each = Where (known, lost, zero)
            }}""")

    def check(self, node: Node) -> None:
        _check_classes(node, 0)

    def lower(self, node: Node) -> list[Call]:
        args = {"z": node.input(0), "label": node.input(1), "each": node.output()}
        return [Call(cross_entropy, str(node.dtype()), {**args, **_sizes(node, 0)})]

    def gradient(self, b: Backward, node: Node) -> Gradients:
        s = node.attr("smoothing", 0.0)
        operands = b.dy(), b.x(0), b.x(1)
        return [b.term("ai.odl.CrossEntropyGrad", *operands, like=b.x(0), smoothing=s)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """That of LogSoftmax for each class, and a sum of their products."""
        z, label = x
        n = z.shape[1]
        away, p, total = _shares(z, u)
        t, lost = _exact_targets(node, label, n), away - np.log(p.max(axis=1, keepdims=True))
        each = t * (total * 1.01 + 2 * u * away + (4 * u + gamma(n + 2, u)) * lost)
        return [np.where(label >= 0, each.sum(axis=1), 0)]


class CrossEntropyGrad(Operator):
    """Inputs: the gradient of CrossEntropy's output, and its inputs."""

    op_types = ("ai.odl.CrossEntropyGrad",)
    kernels = (cross_entropy_grad,)
    attributes = ("smoothing",)
    note = "gradient of CrossEntropy"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            CrossEntropyGrad <smoothing> (dy, z, label) => (dz) {{
                {KNOWN} {TARGETS}
                total = ReduceSum <keepdims = 1> (t, axis)
                p = Softmax <axis = 1> (z)
                expected = Mul (p, total)
                away = Sub (expected, t)
                each_dy = Unsqueeze (dy, axis)
                scaled = Mul (each_dy, away)
                each_known = Unsqueeze (known, axis)
                dz = Where (each_known, scaled, zero)
            }}""")

    def check(self, node: Node) -> None:
        _check_classes(node, 1)
        if node.shape() != node.shape(2):
            raise node.refuse(f"{list(node.shape())} is not the shape of its labels")

    def lower(self, node: Node) -> list[Call]:
        args = node.named("dy", "z", "label") | {"dz": node.output()} | _sizes(node, 1)
        return [Call(cross_entropy_grad, str(node.dtype()), args, overlay=("z",))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """That of Softmax, and a few roundings of what is subtracted from one another."""
        dy, z, label = x
        away, p, total = _shares(z, u)
        t = _exact_targets(node, label, z.shape[1])
        small = np.where(p > 0, u * away, 0)  # also where a logit is minus infinity
        each = p * (small + total + 6 * u) * 1.01 + 6 * u * t + UNDERFLOW
        return [np.where(label[:, None] >= 0, np.abs(dy[:, None]) * each, 0)]


class MaskedMean(Operator):
    """Inputs: numbers, and a label for each."""

    op_types = ("ai.odl.MaskedMean",)
    kernels = (masked_mean,)
    note = "over labels of i32 that are not below 0"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            MaskedMean (each, label) => (y) {{
                {KNOWN}
                zero_f = Constant <value_float = 0.0> ()
                zero = CastLike (zero_f, each)
                kept = Where (known, each, zero)
                total = ReduceSum <keepdims = 0> (kept)
                ones = CastLike (known, each)
                count = ReduceSum <keepdims = 0> (ones)
                one_f = Constant <value_float = 1.0> ()
                one = CastLike (one_f, each)
                least = Max (count, one)
                y = Div (total, least)
            }}""")

    def check(self, node: Node) -> None:
        _check_labels(node, 1, node.shape())

    def lower(self, node: Node) -> list[Call]:
        args = {"each": node.input(0), "label": node.input(1), "y": node.output()}
        return [Call(masked_mean, str(node.dtype()), {**args, "n": product(node.shape())})]

    def gradient(self, b: Backward, node: Node) -> Gradients:
        return [b.term("ai.odl.MaskedMeanGrad", b.dy(), b.x(1), like=b.x(0))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        known = x[1] >= 0
        total = np.where(known, np.abs(x[0]), 0).sum()
        return [np.asarray(gamma(known.size + 2, u) * total / max(1, known.sum()))]


class MaskedMeanGrad(Operator):
    """Inputs: the gradient of MaskedMean's output, a scalar, and its labels."""

    op_types = ("ai.odl.MaskedMeanGrad",)
    kernels = (masked_mean_grad,)
    note = "gradient of MaskedMean"
    ulps = 1.0

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            MaskedMeanGrad (dy, label) => (dx) {{
                {KNOWN}
                ones = CastLike (known, dy)
                count = ReduceSum <keepdims = 0> (ones)
                one_f = Constant <value_float = 1.0> ()
                one = CastLike (one_f, dy)
                least = Max (count, one)
                slope = Div (dy, least)
                zero_f = Constant <value_float = 0.0> ()
                zero = CastLike (zero_f, dy)
                dx = Where (known, slope, zero)
            }}""")

    def check(self, node: Node) -> None:
        if node.shape() != ():
            raise node.refuse(f"its gradient is {list(node.shape())}, not a scalar")
        _check_labels(node, 1, node.shape(1))

    def lower(self, node: Node) -> list[Call]:
        args = {"dy": node.input(0), "label": node.input(1), "dx": node.output()}
        return [Call(masked_mean_grad, str(node.dtype()), {**args, "n": product(node.shape(1))})]
