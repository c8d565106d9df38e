"""MaxPool and AveragePool in one to three dimensions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import I8, U8
from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.reference import evaluate
from odl.ops.tilings import leading, tiled
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, wide
from odl.ops.windows import Window, window
from odl.program import Call, In, Out, kernel
from odl.tiling import Args

Ints = tuple[int, ...]


def _taps(
    x: npt.NDArray[Any], out: Ints, size: Ints, stride: Ints, dilation: Ints, pad: Ints
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_], npt.NDArray[Any]]]:
    """For each tap of the window: its values [maps, *out], where it is inside, and its index."""
    n = x.shape[1:]
    for tap in itertools.product(*map(range, size)):
        at = [
            np.arange(o) * s + t * d - p
            for o, s, t, d, p in zip(out, stride, tap, dilation, pad, strict=True)
        ]
        grid = np.meshgrid(*at, indexing="ij")
        inside = np.all([(g >= 0) & (g < m) for g, m in zip(grid, n, strict=True)], axis=0)
        safe = tuple(np.clip(g, 0, m - 1) for g, m in zip(grid, n, strict=True))
        flat = np.ravel_multi_index(safe, n)
        yield x.reshape(len(x), -1)[:, flat], inside, flat


def in_volume(a: Args) -> int:
    """Elements of one map of the input."""
    return prod(a["in_dhw"])


def out_volume(a: Args) -> int:
    """Elements of one map of the output."""
    return prod(a["out_dhw"])


_maps = leading("maps", x=in_volume, y=out_volume)
_MAPS = replace(_maps, axes=lambda a: [] if a["index"] is not None else _maps.axes(a))
"""Indices count over all maps, so that they cannot be cut."""


@tiled(_MAPS)
@kernel
def max_pool(
    x: In,
    y: Out,
    index: Out | None,
    maps: int,
    in_dhw: tuple[int, ...],
    out_dhw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    column_major: int,
) -> None:
    """Largest value of each window, and its flat index in x; `maps` is batch times channels.

    NaN is larger than all.
    """
    v = x[: maps * int(np.prod(in_dhw))].reshape(maps, *in_dhw)
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    best = np.full((maps, *out_dhw), least, x.dtype)
    where, seen = np.zeros((maps, *out_dhw), np.int64), np.zeros(out_dhw, bool)
    for value, inside, flat in _taps(v, out_dhw, size, stride, dilation, pad):
        better = inside & (~seen | (~(value <= best) & ~np.isnan(best)))
        seen = seen | inside
        best, where = np.where(better, value, best), np.where(better, flat, where)
    y[: best.size] = best.ravel()
    if index is not None:
        if column_major:
            position = np.unravel_index(where, in_dhw)
            where = np.ravel_multi_index(position[::-1], in_dhw[::-1])
        base = np.arange(maps).reshape(-1, 1, 1, 1) * int(np.prod(in_dhw))
        index[: where.size] = (where + base).ravel()


def window_sums(
    v: npt.NDArray[Any],
    out_dhw: Ints,
    size: Ints,
    stride: Ints,
    dilation: Ints,
    pad: Ints,
    end: Ints,
    count_padding: int,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The sum of each window over v [maps, *in_dhw], and the taps that its divisor counts."""
    # a second pass over the padded frame tells which taps the divisor counts
    frame = tuple(n + a + b for n, a, b in zip(v.shape[1:], pad, end, strict=True))
    total = np.zeros((len(v), *out_dhw), v.dtype)
    count = np.zeros(out_dhw, np.int64)
    for value, inside, _ in _taps(v, out_dhw, size, stride, dilation, pad):
        total += np.where(inside, value, 0)
        count += 0 if count_padding else inside
    if count_padding:
        zero = (0,) * len(pad)
        for _, inside, _ in _taps(np.zeros((1, *frame)), out_dhw, size, stride, dilation, zero):
            count += inside
    return total, count


@tiled(leading("maps", x=in_volume, y=out_volume))
@kernel
def average_pool(
    x: In,
    y: Out,
    maps: int,
    in_dhw: tuple[int, ...],
    out_dhw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    end: tuple[int, ...],
    count_padding: int,
) -> None:
    """Mean of each window; with `count_padding` the divisor counts padding, but not beyond it."""
    v = wide(x[: maps * int(np.prod(in_dhw))]).reshape(maps, *in_dhw)
    total, count = window_sums(v, out_dhw, size, stride, dilation, pad, end, count_padding)
    with np.errstate(invalid="ignore"):
        y[: total.size] = (total / count).ravel()


GEOMETRY = ("auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides")
SPATIAL = ("in_dhw", "out_dhw", "size", "stride", "dilation", "pad")


class Pool(Operator):
    """What the two have in common: the window."""

    note = "1-D, 2-D and 3-D"

    def _window(self, node: Node) -> Window:
        return window(node, node.attr("kernel_shape", ())).padded_to(3)

    def check(self, node: Node) -> None:
        rank = len(node.shape()) - 2
        if not 1 <= rank <= 3:
            raise node.refuse(f"{rank} spatial dimensions", "supported: 1, 2 and 3")
        g = self._geometry(node)
        for n, out, k, s, d, p in zip(*(g[key] for key in SPATIAL), strict=True):
            start = np.append(np.arange(min(out, d)), out - 1) * s - p  # the first of each phase
            tap = np.maximum(0, -(start // d))
            if np.any((tap >= k) | (start + tap * d >= n)):
                raise node.refuse("a window that lies in the padding")

    def _geometry(self, node: Node) -> dict[str, Any]:
        shape, g = node.shape(), self._window(node)
        return {
            "maps": shape[0] * shape[1],
            "in_dhw": (1, 1, *shape[2:])[-3:],
            "out_dhw": (1, 1, *node.out_shape()[2:])[-3:],
            "size": g.size,
            "stride": g.stride,
            "dilation": g.dilation,
            "pad": g.pad,
        }


class MaxPool(Pool):
    moves = True
    op_types = ("MaxPool",)
    kernels = (max_pool,)
    dtypes = (*FLOATS, I8, U8)
    attributes = (*GEOMETRY, "storage_order")

    def lower(self, node: Node) -> list[Call]:
        args = {
            "x": node.input(0),
            "y": node.output(),
            "index": node.output(1) if node.wants(1) else None,
            **self._geometry(node),
            "column_major": node.attr("storage_order", 0),
        }
        return [Call(max_pool, str(node.dtype()), args)]

    def gradient(self, b: Backward, node: Node) -> Gradients:
        if node.attr("storage_order", 0):
            raise node.refuse("no gradient with storage_order 1")
        w = window(node, node.attr("kernel_shape", ()))
        same: dict[str, Any] = {
            "kernel_shape": w.size,
            "strides": w.stride,
            "dilations": w.dilation,
        }
        same |= {"pads": (*w.pad, *w.end), "ceil_mode": node.attr("ceil_mode", 0)}
        return [b.term("ai.odl.MaxPoolGrad", b.x(), b.dy(), like=b.x(), **same)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        return [np.zeros(v.shape) for v in y]

    def same(self, node: Node, x: Arrays, got: Arrays, want: Arrays) -> list[npt.NDArray[np.bool_]]:
        """Another index is right where x has the same value there, in the same window."""
        ties = [np.zeros(v.shape, bool) for v in got]
        if len(got) > 1 and not node.attr("storage_order", 0):
            flat, n = x[0].ravel(), x[0].size
            index = got[1].astype(np.int64)
            inside = (index >= 0) & (index < n) & self._in_window(node, index)
            ties[1] = inside & (flat[np.clip(index, 0, n - 1)] == flat[want[1].astype(np.int64)])
        return ties

    def _in_window(self, node: Node, index: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each flat index, row-major, lies on a tap of its own output's window."""
        g = self._geometry(node)
        size = g["in_dhw"]
        at = index.reshape(g["maps"], *g["out_dhw"])
        maps, *out = np.indices(at.shape)
        right: npt.NDArray[np.bool_] = at // int(np.prod(size)) == maps
        rest = np.unravel_index(at % int(np.prod(size)), size)
        for p, o, taps, stride, dilation, pad in zip(
            rest, out, g["size"], g["stride"], g["dilation"], g["pad"], strict=True
        ):
            tap, off = np.divmod(p - (o * stride - pad), dilation)
            right &= (off == 0) & (tap >= 0) & (tap < taps)
        return np.reshape(right, index.shape)


class AveragePool(Pool):
    op_types = ("AveragePool",)
    kernels = (average_pool,)
    dtypes = FLOATS
    attributes = (*GEOMETRY, "count_include_pad")

    def arguments(self, node: Node) -> dict[str, Any]:
        """The kernel's arguments."""
        return {
            "x": node.input(0),
            "y": node.output(),
            **self._geometry(node),
            "end": self._window(node).end,
            "count_padding": node.attr("count_include_pad", 0),
        }

    def lower(self, node: Node) -> list[Call]:
        return [Call(average_pool, str(node.dtype()), self.arguments(node))]

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Each window gives its gradient to its taps in equal parts: a depthwise ConvTranspose, or
        where windows lie side by side an enlargement."""
        g, shape = b.dy(), node.shape()
        w, kind = window(node, node.attr("kernel_shape", ())), node.dtype().numpy
        geometry = {k: v for k, v in self.arguments(node).items() if k not in ("x", "y", "maps")}
        ones = np.ones((1, *geometry.pop("in_dhw")), np.float32)
        _, counts = window_sums(ones, **geometry)
        parts = (1 / counts).reshape((1, 1, *node.out_shape()[2:])).astype(kind)
        if (parts == parts.flat[0]).all():
            parts = parts.flat[:1].reshape(())
        share = g * Term(b, b.constant("parts", parts))
        if w.size == shape[2:] and parts.ndim == 0:  # one window over everything
            return [b.term("Expand", share, b.ints(shape))]
        tiles = [o * k for o, k in zip(g.shape[2:], w.size, strict=True)] == list(shape[2:])
        if tiles and w.stride == w.size and not any(w.pad) and set(w.dilation) == {1}:
            how: dict[str, Any] = {"mode": "nearest", "nearest_mode": "floor"}
            how["coordinate_transformation_mode"] = "asymmetric"
            return [b.term("Resize", share, None, None, b.ints(shape), **how)]
        taps = Term(b, b.constant("taps", np.ones((shape[1], 1, *w.size), kind)))
        full = [
            s * (o - 1) + (k - 1) * d + 1
            for o, k, s, d in zip(g.shape[2:], w.size, w.stride, w.dilation, strict=True)
        ]
        end = [f - n - p for f, n, p in zip(full, shape[2:], w.pad, strict=True)]
        dx = b.term(
            "ConvTranspose", share, taps, group=shape[1], strides=w.stride, dilations=w.dilation,
            pads=(*w.pad, *(max(e, 0) for e in end)), output_padding=[max(-e, 0) for e in end],
            kernel_shape=w.size,
        )  # fmt: skip
        return [dx]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        k = int(np.prod(self._window(node).size))
        return [gamma(k + 1, u) * v for v in evaluate(node, [np.abs(x[0])])]
