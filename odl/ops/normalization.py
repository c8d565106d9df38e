"""Normalisation over trailing axes, channels or groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.dtype import F32
from odl.ops.backward import Backward, Gradients
from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.scale_shift import scale_shift
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, Ref, kernel

Array = npt.NDArray[Any]


@kernel
def layer_norm(
    x: In,
    scale: In | None,
    bias: In | None,
    y: Out,
    mean: Out | None,
    inv_std: Out | None,
    rows: int,
    n: int,
    centre: int,
    epsilon: float,
) -> None:
    """y = (x - mean) / sqrt(variance + epsilon) * scale + bias for each row of n elements."""
    v = wide(x[: rows * n]).reshape(rows, n)
    middle = v.mean(axis=1, keepdims=True) if centre else np.zeros((rows, 1), np.float32)
    away = v - middle
    factor = 1 / np.sqrt((away * away).mean(axis=1, keepdims=True) + np.float32(epsilon))
    out = away * factor * (1 if scale is None else wide(scale[:n]))
    y[: rows * n] = (out if bias is None else out + wide(bias[:n])).ravel()
    if mean is not None:
        mean[:rows] = middle.ravel()
    if inv_std is not None:
        inv_std[:rows] = factor.ravel()


def _rows(node: Node, rows: int, n: int, **given: Any) -> Call:
    """The call that normalises each of `rows` runs of n elements."""
    args: dict[str, Any] = {
        "x": node.input(0),
        "scale": None,
        "bias": None,
        "y": node.output(),
        "mean": None,
        "inv_std": None,
        "rows": rows,
        "n": n,
        "centre": 1,
        "epsilon": node.attr("epsilon", 1e-5),
    }
    return Call(layer_norm, str(node.dtype()), {**args, **given}, overlay=("x",))


def _errors(x: Array, epsilon: float, u: float, centre: bool = True) -> tuple[Array, Array, Array]:
    """Per row of x: errors of the mean and of the factor, and of the normalised elements.

    d = x - mean has the error e of the mean and a rounding; the mean of d^2 then 2 |d| e + e^2 and
    that of a sum; 1 / sqrt(v) turns a relative error t of v, at most 1/2, into less than t.
    """
    n = x.shape[1]
    middle = x.mean(axis=1, keepdims=True) if centre else np.zeros((len(x), 1))
    away = np.abs(x - middle)
    e_mean = gamma(n + 1, u) * np.abs(x).mean(axis=1, keepdims=True) if centre else 0 * middle
    e = e_mean + u * (away + e_mean)
    v = (away**2).mean(axis=1, keepdims=True)
    e_v = (2 * away * e + e**2).mean(axis=1, keepdims=True) + gamma(n + 2, u) * v * 1.01
    total = v + epsilon
    t = (e_v + u * total) / total
    relative = np.where(t < 0.5, t, np.sqrt(total / epsilon)) + 3 * u
    factor = 1 / np.sqrt(total)
    return e_mean, factor * relative, factor * (1.01 * e * (1 + relative) + away * relative)


def _standardised(b: Backward, node: Node, x: Term, centre: bool) -> tuple[Term, Term]:
    """Rows with mean 0 and variance 1, or mean square 1, and the factors [rows, 1] of that."""
    centred = x - _mean(x) if centre else x
    factor = 1.0 / (_mean(centred * centred) + node.attr("epsilon", 1e-5)).apply("Sqrt")
    return centred * factor, factor


def _through(g: Term, unit: Term, factor: Term, centre: bool) -> Term:
    """dx = factor (g - mean(g) - unit mean(g unit)), from g = dy scale."""
    inner = g - unit * _mean(g * unit)
    return (inner - _mean(g) if centre else inner) * factor


def _mean(x: Term) -> Term:
    """Of each row."""
    return x.like_type(x.build.term("ReduceMean", x, x.build.ints([1]), keepdims=1))


def _shaped(b: Backward, node: Node, i: int, slope: Term | None) -> Term | None:
    """A gradient in the shape and type of input `i`."""
    return None if slope is None else slope.reshape(node.shape(i)).cast(node.dtype(i))


class RowNorm(Operator):
    """LayerNormalization and RMSNormalization: over the last axes, statistics in float32.

    Papers: arXiv:1607.06450 and arXiv:1910.07467.
    """

    op_types = ("LayerNormalization", "RMSNormalization")
    kernels = (layer_norm,)
    attributes = ("axis", "epsilon", "stash_type")
    dtypes = FLOATS
    note = "scale and bias in the shape of the normalised axes"

    def _split(self, node: Node) -> tuple[int, tuple[int, ...]]:
        """Number of rows, and the shape of one."""
        shape = node.shape()
        axis = node.axis(node.attr("axis", -1), len(shape))
        return product(shape[:axis]), shape[axis:]

    def check(self, node: Node) -> None:
        _, row = self._split(node)
        for i in range(1, len(node.values)):
            shape = node.shape(i)
            if product(shape) != product(row):
                raise node.refuse(f"a scale or bias of shape {list(shape)}", f"give it {list(row)}")
        for i in range(1, len(node.ir.outputs)):
            if node.wants(i) and node.out_dtype(i) is not node.dtype():
                raise node.refuse(f"statistics in {node.out_dtype(i)}", f"give them {node.dtype()}")

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "norm", 2: "norm"}

    def gradient(self, b: Backward, node: Node) -> Gradients:
        rows, row = self._split(node)
        flat = [rows, product(row)]
        x, dy = (v.reshape(flat).cast(F32) for v in (b.x(), b.dy()))
        scale = b.x(1).reshape([1, flat[1]]).cast(F32)
        unit, factor = _standardised(b, node, x, node.op == "LayerNormalization")
        found: list[Term | None] = [None, None, None]
        if b.wants(0):
            found[0] = _through(dy * scale, unit, factor, node.op == "LayerNormalization")
        if b.wants(1):
            found[1] = (dy * unit).sum([0])
        if b.wants(2):
            found[2] = dy.sum([0])
        return [_shaped(b, node, i, v) for i, v in enumerate(found)]

    def lower(self, node: Node) -> list[Call]:
        rows, row = self._split(node)
        call = _rows(
            node,
            rows,
            product(row),
            scale=node.input(1),
            bias=node.optional(2),
            mean=node.output(1) if node.wants(1) else None,
            inv_std=node.output(2) if node.wants(2) else None,
            centre=int(node.op == "LayerNormalization"),
        )
        return [call]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        rows, _ = self._split(node)
        flat = x[0].reshape(rows, -1)
        centre = node.op == "LayerNormalization"
        mean, factor, out = _errors(flat, node.attr("epsilon", 1e-5), u, centre)
        scale = np.abs(x[1]).ravel()
        total = out * scale + 3 * u * np.abs(y[0]).reshape(rows, -1)
        if len(x) > 2:
            total = total + 3 * u * np.abs(x[2]).ravel()
        found = [np.reshape(total * 1.01, y[0].shape)]
        return found + [np.reshape(e, v.shape) for e, v in zip((mean, factor), y[1:], strict=False)]


class ChannelNorm(Operator):
    """InstanceNormalization and GroupNormalization: rows first, then a factor a channel.

    Papers: arXiv:1607.08022 and arXiv:1803.08494.
    """

    op_types = ("GroupNormalization", "InstanceNormalization")
    kernels = (layer_norm, scale_shift)
    attributes = ("epsilon", "num_groups", "stash_type")
    dtypes = FLOATS
    shape_like = 0

    def _rows(self, node: Node) -> int:
        batch, channels = node.shape()[:2]
        groups = node.attr("num_groups", channels)
        if groups < 1 or channels % groups:
            raise node.refuse(f"{groups} groups do not divide {channels} channels")
        return batch * groups

    def check(self, node: Node) -> None:
        if node.shape(1) != node.shape()[1:2] or node.shape(2) != node.shape()[1:2]:
            raise node.refuse("scale and bias that are not one number a channel", "use opset 21")
        self._rows(node)

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "norm", 2: "norm"}

    def gradient(self, b: Backward, node: Node) -> Gradients:
        shape, rows = node.shape(), self._rows(node)
        flat, column = [rows, product(shape) // rows], [shape[0], shape[1], product(shape[2:])]
        x, dy = b.x().reshape(flat).cast(F32), b.dy().reshape(column).cast(F32)
        unit, factor = _standardised(b, node, x, centre=True)
        found: list[Term | None] = [None, None, None]
        if b.wants(0):
            scaled = dy * b.x(1).reshape([1, shape[1], 1]).cast(F32)
            found[0] = _through(scaled.reshape(flat), unit, factor, centre=True)
        if b.wants(1):
            found[1] = (dy * unit.reshape(column)).sum([0, 2])
        if b.wants(2):
            found[2] = dy.sum([0, 2])
        return [_shaped(b, node, i, v) for i, v in enumerate(found)]

    def lower(self, node: Node) -> list[Call]:
        shape, rows = node.shape(), self._rows(node)
        whole: Ref = node.output()
        args = {
            "x": whole,
            "scale": node.input(1),
            "shift": node.input(2),
            "y": whole,
            "outer": shape[0],
            "channels": shape[1],
            "inner": product(shape[2:]),
        }
        spread = Call(scale_shift, str(node.dtype()), args, overlay=("x",))
        return [_rows(node, rows, product(shape) // rows), spread]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        rows, column = self._rows(node), (-1,) + (1,) * (x[0].ndim - 2)
        _, _, out = _errors(x[0].reshape(rows, -1), node.attr("epsilon", 1e-5), u)
        scale, shift = (v.reshape(column) for v in x[1:])
        spread = np.abs(y[0] - shift)
        stored = node.dtype().unit_roundoff if node.dtype() is not F32 else u
        total = out.reshape(x[0].shape) * np.abs(scale) + (3 * u + 1.01 * stored) * spread
        return [(total + 3 * u * (spread + np.abs(shift))) * 1.01]


@foreign("LpNormalization", ("axis", "p"))
def lp_normalization(b: Builder, node: Node) -> Sequence[ir.Value]:
    """x / |x|_p; where the norm is 0, the least normal float in its place keeps x at 0."""
    x, axes, p = node.values[0], b.axes(node.attr("axis", -1)), node.attr("p", 2)
    norm = b("ReduceL1" if p == 1 else "ReduceL2", x, axes, keepdims=1)
    least = float(node.dtype().finfo.smallest_normal)
    return [b("Div", x, b("Max", norm, b.scalar("least", least)))]
