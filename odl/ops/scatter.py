"""ScatterElements, ScatterND, TensorScatter: updates put into a copy of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from odl.dtype import ALL, BOOL
from odl.ops.backward import Backward, Gradients
from odl.ops.cast import cast
from odl.ops.gather import elements_walk, places, tuples_walk, walk_args
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, product
from odl.program import Call, In, Kernel, Out, kernel

REDUCTIONS = ("none", "add", "mul", "min", "max")
"""In the order of enum odl_reduction."""

_STEPS = (None, np.add, np.multiply, np.minimum, np.maximum)


def _scatter(
    x: In,
    index: In,
    update: In,
    y: Out,
    n: int,
    dims: tuple[int, ...],
    y_stride: tuple[int, ...],
    index_stride: tuple[int, ...],
    wide: int,
    depth: int,
    size: tuple[int, ...],
    step: tuple[int, ...],
    reduction: int,
) -> None:
    """y = x, then y[i . y_stride + sum_k index[i . index_stride + k] * step[k]] op= update[i].

    i runs in order over the nest dims, update is dense. A negative index counts from the end of
    its axis of `size`; an update with an index outside is dropped.
    """
    nest = np.indices(dims).reshape(len(dims), -1)
    place = np.tensordot(y_stride, nest, 1)
    at = np.tensordot(index_stride, nest, 1)
    inside = np.ones(place.size, bool)
    for k in range(depth):
        i = index[at + k].astype(np.int64)
        i = np.where(i < 0, i + size[k], i)
        inside &= (i >= 0) & (i < size[k])
        place = place + i * step[k]
    y[:n] = x[:n]
    function: Any = _STEPS[reduction]
    with np.errstate(all="ignore"):
        for to, value in zip(place[inside], update[: place.size][inside], strict=True):
            y[to] = value if function is None else function(y[to], value)


scatter, scatter_reduce = Kernel("scatter", _scatter), Kernel("scatter_reduce", _scatter)


@kernel
def tensor_scatter(
    x: In,
    update: In,
    start: In | None,
    y: Out,
    batch: int,
    outer: int,
    n: int,
    length: int,
    inner: int,
    circular: int,
) -> None:
    """y[b, o, start[b] + s] = update[b, o, s], and x elsewhere, over [batch, outer, n, inner].

    start may be absent (0). What falls behind the end wraps around if `circular`, or is dropped.
    """
    v = y[: batch * outer * n * inner].reshape(batch, outer, n, inner)
    v[:] = x[: v.size].reshape(v.shape)
    new = update[: batch * outer * length * inner].reshape(batch, outer, length, inner)
    for b in range(batch):
        for s in range(length):
            at = s + (int(start[b]) if start is not None else 0)
            at = at % n if circular else at
            if 0 <= at < n:
                v[b, :, at] = new[b, :, s]


class _Scatter(Operator):
    """The family. Each core owns a part of the output, so that sums have one order."""

    dtypes = ALL
    note = "of equal indices the last wins; out of range they are refused, or dropped on the device"

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        raise NotImplementedError

    def _reduction(self, node: Node) -> str:
        return node.attr("reduction", "none")

    def check(self, node: Node) -> None:
        reduction = self._reduction(node)
        if reduction not in REDUCTIONS:
            raise node.refuse(f"reduction '{reduction}'", f"supported: {', '.join(REDUCTIONS)}")
        if reduction != "none" and node.dtype() is BOOL:
            raise node.refuse(f"reduction '{reduction}' of b8", "supported: none")
        updates = product(self._walk(node)[0])
        if product(node.shape(2)) != updates:
            raise node.refuse(f"{product(node.shape(2))} updates for {updates} elements")

    def _gradient(self, b: Backward, node: Node, taking: str, more: dict[str, Any]) -> Gradients:
        """Of the updates: what stands at their places; of the data: what was not replaced."""
        dy, reduction = b.dy(), self._reduction(node)
        if reduction not in ("none", "add"):
            raise node.refuse(f"its gradient with reduction '{reduction}'", "none or add")
        dx = dy
        if reduction == "none":
            dx = b.term(node.op, dy, b.x(1), b.zeros(b.x(2)), **more)
        return [dx, None, b.term(taking, dy, b.x(1), **more)]

    def lower(self, node: Node) -> list[Call]:
        walk = self._walk(node)
        dims, y_stride, index_stride, tuples = walk_args(node, *walk)
        index, wide = places(node, 1, walk[3])
        reduction = REDUCTIONS.index(self._reduction(node))
        args = {
            "x": node.input(0),
            "index": index,
            "update": node.input(2),
            "y": node.output(),
            "n": node.size(),
            "dims": dims,
            "y_stride": y_stride,
            "index_stride": index_stride,
            "wide": wide,
            **tuples,
            "reduction": reduction,
        }
        body = scatter_reduce if reduction else scatter
        variant = str(node.dtype()) if reduction else f"b{8 * node.dtype().size}"
        return [Call(body, variant, args, overlay=("x",))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """Sums and products round once for each update, in the type of the tensor itself."""
        reduction = self._reduction(node)
        if reduction not in ("add", "mul") or not node.dtype().is_float:
            return super().bound(node, x, y, u)
        u = max(u, node.dtype().unit_roundoff)
        counts = self._run(node, [np.zeros(x[0].shape), x[1], np.ones(x[2].shape)], "add")
        sizes = self._run(node, [np.abs(x[0]), x[1], np.abs(x[2])], reduction)
        return [counts * u / (1 - counts * u) * sizes]

    def _run(self, node: Node, x: Arrays, reduction: str) -> np.ndarray:
        """The node in float64 with another reduction."""
        dims, y_stride, index_stride, tuples = walk_args(node, *self._walk(node))
        y = np.empty(product(x[0].shape))
        _scatter(
            x[0].ravel(), x[1].ravel(), x[2].ravel(), y, y.size, dims, y_stride, index_stride,
            1, **tuples, reduction=REDUCTIONS.index(reduction),
        )  # fmt: skip
        return y.reshape(x[0].shape)


class ScatterElements(_Scatter):
    op_types = ("ScatterElements",)
    kernels = (scatter, scatter_reduce, cast)
    attributes = ("axis", "reduction")

    def gradient(self, b: Backward, node: Node) -> Gradients:
        return self._gradient(b, node, "GatherElements", {"axis": node.attr("axis", 0)})

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        return elements_walk(node)


class ScatterND(_Scatter):
    op_types = ("ScatterND",)
    kernels = (scatter, scatter_reduce, cast)
    attributes = ("reduction",)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        return self._gradient(b, node, "GatherND", {})

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        return tuples_walk(node)


class TensorScatter(Operator):
    op_types = ("TensorScatter",)
    kernels = (tensor_scatter, cast)
    attributes = ("axis", "mode")
    dtypes = ALL
    note = "what falls behind the end in linear mode is dropped"

    def lower(self, node: Node) -> list[Call]:
        shape, mode = node.shape(), node.attr("mode", "linear")
        axis = node.axis(node.attr("axis", -2), len(shape))
        if mode not in ("linear", "circular") or axis == 0:
            raise node.refuse(f"mode '{mode}' along axis {axis}", "linear, circular; not axis 0")
        if node.shape(1)[axis] > shape[axis]:
            raise node.refuse(f"an update longer than the cache: {node.shape(1)[axis]}")
        args = {
            "x": node.input(0),
            "update": node.input(1),
            "start": node.optional(2),
            "y": node.output(),
            "batch": shape[0],
            "outer": product(shape[1:axis]),
            "n": shape[axis],
            "length": node.shape(1)[axis],
            "inner": product(shape[axis + 1 :]),
            "circular": int(mode == "circular"),
        }
        return [Call(tensor_scatter, f"b{8 * node.dtype().size}", args)]
