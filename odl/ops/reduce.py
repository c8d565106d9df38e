"""Reductions over any axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.dtype import BOOL, I32, I64, DType
from odl.ops import layout, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.foreign import Builder, foreign
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.tilings import nest as nest_tiling
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, NUMBERS, wide
from odl.program import Call, In, Kernel, Out

Array = npt.NDArray[Any]


def _reduction(name: str, function: Callable[..., Any]) -> Kernel:
    """The kernel `name` that applies `function` to the last axis of [outputs, elements]."""

    def run(
        x: In,
        y: Out,
        dims: tuple[int, ...],
        stride: tuple[int, ...],
        reduced: tuple[int, ...],
        reduced_stride: tuple[int, ...],
    ) -> None:
        base = np.tensordot(stride, np.indices(dims).reshape(len(dims), -1), 1)
        step = np.tensordot(reduced_stride, np.indices(reduced).reshape(len(reduced), -1), 1)
        with np.errstate(all="ignore"):
            y[: base.size] = function(wide(x[base[:, None] + step]), axis=1)

    return Kernel(name, run, nest_tiling({"x": "stride"}, reduced="x"))


def _sum(x: Array, n: int, u: float, **over: Any) -> Array:
    return np.asarray(gamma(n, u) * np.sum(np.abs(x), **over))


def _log_sum(x: Array, n: int, u: float, **over: Any) -> Array:
    total = np.sum(x, **over)
    return np.asarray(_sum(x, n, u, **over) / np.abs(total) * 1.01 + 3 * u * np.abs(np.log(total)))


def _exact(x: Array, n: int, u: float, **over: Any) -> Array:
    return np.zeros_like(np.sum(x, **over))


def _shared(x: Term, y: Term, axes: Sequence[int]) -> Term:
    """Of an extreme value: equal ones share it evenly."""
    hit = x.build.where(x.build.term("Equal", x, y), x.build.number(1.0), 0.0)
    return hit / hit.sum(axes, keepdims=True)


def _of_log_sum(x: Term, y: Term, axes: Sequence[int]) -> Term:
    return x.build.term("Expand", (-y).apply("Exp"), x.build.ints(x.shape))


def _of_mean(x: Term, y: Term, axes: Sequence[int]) -> float:
    return 1 / math.prod(x.shape[a] for a in axes)


@dataclass(frozen=True)
class Reduction:
    """Kernel, error bound of float32 arithmetic over n elements, and types."""

    kernel: Kernel
    bound: Callable[..., Array]
    dtypes: tuple[DType, ...] = FLOATS
    of_one: bool = True
    """Whether the reduction of a single element is that element."""
    slope: Callable[[Term, Term, Sequence[int]], Term | float] = lambda x, y, axes: 1.0
    """dy/dx in the shape of x, or a number, from x, y with its axes kept, and the axes."""


SUMS = (*FLOATS, I32, I64)

REDUCTIONS = {
    "ReduceL1": Reduction(
        _reduction("reduce_l1", lambda x, axis: np.abs(x).sum(axis)),
        _sum,
        of_one=False,
        slope=lambda x, y, axes: x.apply("Sign"),
    ),
    "ReduceL2": Reduction(
        _reduction("reduce_l2", lambda x, axis: np.sqrt(np.square(x).sum(axis))),
        lambda x, n, u, **over: gamma(n + 2, u) * np.sqrt(np.sum(x * x, **over)),
        of_one=False,
        slope=lambda x, y, axes: x / y,
    ),
    "ReduceLogSum": Reduction(
        _reduction("reduce_log_sum", lambda x, axis: np.log(x.sum(axis))),
        _log_sum,
        of_one=False,
        slope=_of_log_sum,
    ),
    "ReduceMax": Reduction(
        _reduction("reduce_max", np.max), _exact, (*NUMBERS, BOOL), slope=_shared
    ),
    "ReduceMean": Reduction(
        _reduction("reduce_mean", np.mean),
        lambda x, n, u, **over: gamma(n + 2, u) * np.mean(np.abs(x), **over),
        slope=_of_mean,
    ),
    "ReduceMin": Reduction(
        _reduction("reduce_min", np.min), _exact, (*NUMBERS, BOOL), slope=_shared
    ),
    "ReduceProd": Reduction(
        _reduction("reduce_prod", np.prod),
        lambda x, n, u, **over: gamma(n, u) * np.abs(np.prod(x, **over)),
        SUMS,
        slope=lambda x, y, axes: y / x,
    ),
    "ReduceSum": Reduction(_reduction("reduce_sum", np.sum), _sum, SUMS),
    "ReduceSumSquare": Reduction(
        _reduction("reduce_sum_square", lambda x, axis: np.square(x).sum(axis)),
        lambda x, n, u, **over: gamma(n + 1, u) * np.sum(x * x, **over),
        SUMS,
        of_one=False,
        slope=lambda x, y, axes: x * 2.0,
    ),
}


def reduced_axes(node: Node) -> list[int]:
    """The axes in order, without repetition; none given means all, or none at all."""
    rank = len(node.shape())
    given = node.const(1, "axes").ravel().tolist() if node.has(1) else []
    if not given and not node.attr("noop_with_empty_axes", 0):
        return list(range(rank))
    return sorted({node.axis(a, rank) for a in given})


def nest(node: Node, axes: list[int]) -> dict[str, tuple[int, ...]]:
    """The loop nests of a reduction of input 0 over `axes`, as kernels take them."""
    shape = node.shape()
    walk = strides.dense(shape)
    kept = [i for i in range(len(shape)) if i not in axes]
    dims, (stride,) = strides.merge(tuple(shape[i] for i in kept), tuple(walk[i] for i in kept))
    reduced, (reduced_stride,) = strides.merge(
        tuple(shape[i] for i in axes), tuple(walk[i] for i in axes)
    )
    if max(len(dims), len(reduced)) > strides.RANK:
        raise node.refuse(f"a reduction over rank {len(shape)}", f"at most {strides.RANK}")
    return {
        "dims": strides.fill(dims, 1),
        "stride": strides.fill(stride, 0),
        "reduced": strides.fill(reduced, 1),
        "reduced_stride": strides.fill(reduced_stride, 0),
    }


class Reduce(Operator):
    op_types = tuple(REDUCTIONS)
    attributes = ("keepdims", "noop_with_empty_axes")
    constant_inputs = (1,)
    dtypes = (*NUMBERS, BOOL)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.reduced(node, perm)

    def types(self, op_type: str) -> tuple[DType, ...]:
        return REDUCTIONS[op_type].dtypes

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        return (REDUCTIONS[op_type].kernel,)

    def keep_single(self, node: Node) -> str:
        bounded = node.op in ("ReduceMax", "ReduceMean", "ReduceMin")
        return "" if bounded else "a sum may exceed 65504"

    def alias(self, node: Node) -> int | None:
        lone = all(node.shape()[a] == 1 for a in reduced_axes(node))
        return 0 if lone and REDUCTIONS[node.op].of_one else None

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), **nest(node, reduced_axes(node))}
        return [Call(REDUCTIONS[node.op].kernel, str(node.dtype()), args)]

    def gradient(self, b: Backward, node: Node) -> Gradients:
        axes, g = reduced_axes(node), b.dy()
        x, shape = b.x(), node.shape()
        kept = [1 if i in axes else n for i, n in enumerate(shape)]
        g, y = (v if v.shape == tuple(kept) else v.reshape(kept) for v in (g, b.y()))
        slope = REDUCTIONS[node.op].slope(x, y, axes)
        if isinstance(slope, Term):
            return [g * slope]
        each = g if slope == 1 else g * slope
        return [b.term("Expand", each, b.ints(shape))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        if not node.dtype().is_float:
            return [np.zeros(y[0].shape)]
        axes = tuple(reduced_axes(node))
        n = math.prod(x[0].shape[a] for a in axes)
        bound = REDUCTIONS[node.op].bound(x[0], n, u, axis=axes)
        return [np.reshape(bound, y[0].shape)]


@foreign("ReduceLogSumExp", ("keepdims", "noop_with_empty_axes"), (1,))
def reduce_log_sum_exp(b: Builder, node: Node) -> Sequence[ir.Value]:
    """The largest element is subtracted first, so that exp cannot overflow."""
    x, axes = node.values[0], b.axes(*reduced_axes(node))
    keep = node.attr("keepdims", 1)
    top = b("ReduceMax", x, axes, keepdims=1)
    total = b("ReduceLogSum", b("Exp", b("Sub", x, top)), axes, keepdims=keep)
    return [b("Add", total, top if keep else b("Squeeze", top, axes))]
