"""Resize: tables of source positions for nearest, and of taps and weights for everything else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from odl.dtype import ALL
from odl.ops import layout, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.interpolation import NEAREST, TRANSFORMATIONS, Axis, nearest, taps
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.take import take, take_call
from odl.program import ELEMENTS, Call, In, Out, kernel

AXES = 3
"""Axes that one call can resize."""


@kernel
def resize(
    x: In,
    table: In,
    weight: In,
    y: Out,
    outer: int,
    in_size: int,
    out_dhw: tuple[int, ...],
    inner: int,
    count: tuple[int, ...],
    value: float,
) -> None:
    """y[o, z, v, u, i] = sum over taps of x[o, offset of the taps, i] * product of their weights.

    `table` and `weight` hold for each of the three axes count[a] taps of each output position; an
    offset is in elements of x[o], and -1 makes the whole element `value`.
    """
    ends = np.cumsum([m * k for m, k in zip(out_dhw, count, strict=True)])
    runs, weights = (
        [
            p.reshape(m, k)
            for p, m, k in zip(np.split(v[: ends[-1]], ends[:-1]), out_dhw, count, strict=True)
        ]
        for v in (table, weight)
    )
    v = x[: outer * in_size].reshape(outer, in_size).astype(np.float32)
    out = np.zeros((outer, *out_dhw, inner), np.float32)
    outside = np.zeros(out_dhw, bool)
    for t in np.ndindex(*count):
        factors = np.ix_(*(w[:, i] for w, i in zip(weights, t, strict=True)))
        places = np.ix_(*(r[:, i] for r, i in zip(runs, t, strict=True)))
        at = np.sum(np.broadcast_arrays(*(np.maximum(p, 0) for p in places)), axis=0)
        factor = factors[0] * factors[1] * factors[2]
        outside |= (places[0] < 0) | (places[1] < 0) | (places[2] < 0)
        out += v[:, at[..., None] + np.arange(inner)] * factor[..., None]
    out[:, outside] = np.float32(value)
    y[: out.size] = out.ravel()


class Resize(Operator):
    op_types = ("Resize",)
    kernels = (resize, take)
    attributes = (
        "antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside",
        "extrapolation_value", "keep_aspect_ratio_policy", "mode", "nearest_mode",
    )  # fmt: skip
    dtypes = ALL
    constant_inputs = (1, 2, 3)
    note = "integers and bools: nearest"

    def move(self, node: Node, perm: Perm) -> Moved | None:
        if "axes" in node.ir.attributes:
            axes = [perm[node.axis(a, len(perm))] for a in node.attr("axes", (0,))]
            return Moved(perm, attributes={"axes": axes})
        return layout.listed(node, perm, (1, 2, 3), axes=4)

    def check(self, node: Node) -> None:
        mode = node.attr("mode", "nearest")
        if mode not in ("nearest", "linear", "cubic"):
            raise node.refuse(f"mode '{mode}'", "supported: nearest, linear, cubic")
        if mode != "nearest" and not node.dtype().is_float:
            raise node.refuse(f"mode '{mode}' of {node.dtype()}", "supported: nearest")
        if mode == "nearest" and node.attr("nearest_mode", "round_prefer_floor") not in NEAREST:
            raise node.refuse(f"nearest_mode '{node.attr('nearest_mode', '')}'", ", ".join(NEAREST))
        how = node.attr("coordinate_transformation_mode", "half_pixel")
        if how not in TRANSFORMATIONS:
            raise node.refuse(f"coordinates '{how}'", f"supported: {', '.join(TRANSFORMATIONS)}")

    def _axes(self, node: Node) -> list[Axis]:
        """Every axis; what is not resized has a scale of 1."""
        shape, out = node.shape(), node.out_shape()
        rank = len(shape)
        if not product(shape):
            raise node.refuse(f"an input of shape {list(shape)}")
        named = [node.axis(a, rank) for a in node.attr("axes", tuple(range(rank)))]
        scales = node.const(2, "scales").ravel() if node.has(2) else np.zeros(0)
        roi = node.const(1, "roi").ravel() if node.has(1) else np.zeros(0)
        how = node.attr("coordinate_transformation_mode", "half_pixel")
        axes = [Axis(n, m, 1.0) for n, m in zip(shape, out, strict=True)]
        if len(named) not in {
            len(scales),
            len(node.const(3, "sizes").ravel()) if node.has(3) else 0,
        }:
            raise node.refuse(f"scales or sizes that are not those of {len(named)} axes")
        for i, a in enumerate(named):
            scale = float(scales[i]) if len(scales) else self._scale(node, named, a)
            part = (float(roi[i]), float(roi[i + len(named)])) if len(roi) else (0.0, 1.0)
            if not 0.5 < scale * shape[a] < ELEMENTS:
                raise node.refuse(f"a scale of {scale:g} for an axis of {shape[a]}")
            axes[a] = Axis(shape[a], out[a], scale, how, part)
        return axes

    def _scale(self, node: Node, named: list[int], a: int) -> float:
        """The scale that follows from `sizes`; one for all axes if the aspect ratio is kept."""
        sizes = dict(zip(named, node.const(3, "sizes").ravel().tolist(), strict=True))
        policy = node.attr("keep_aspect_ratio_policy", "stretch")
        ratios = [sizes[b] / node.shape()[b] for b in named]
        if policy == "stretch":
            return float(sizes[a] / node.shape()[a])
        return float(min(ratios) if policy == "not_larger" else max(ratios))

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Axis for axis, what a source gave comes back to it; extrapolated values get nothing."""
        dy, shape = b.dy(), node.shape()
        for axis, (index, weight) in enumerate(self._taps(node)):
            if not _is_whole(shape[axis], index, weight):
                rows = np.zeros((len(index), shape[axis]))
                at = np.arange(len(index))[:, None]
                np.add.at(rows, (at, np.maximum(index, 0)), np.where(index < 0, 0, weight))
                dy = b.along(dy, axis, len(shape), rows)
        return [dy]

    def alias(self, node: Node) -> int | None:
        """Nothing to do where every position comes from itself."""
        pairs = zip(node.shape(), self._taps(node), strict=True)
        return 0 if all(_is_whole(n, *t) for n, t in pairs) else None

    def _taps(self, node: Node) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        """Indices [out, taps] and weights of each axis."""
        mode, axes = node.attr("mode", "nearest"), self._axes(node)
        if mode == "nearest":
            rule = node.attr("nearest_mode", "round_prefer_floor")
            return [(t, np.ones(t.shape)) for t in (nearest(a, rule)[:, None] for a in axes)]
        how = (
            node.attr("cubic_coeff_a", -0.75),
            bool(node.attr("antialias", 0)),
            bool(node.attr("exclude_outside", 0)),
        )
        return [taps(a, mode, *how) for a in axes]

    def lower(self, node: Node) -> list[Call]:
        value = node.attr("extrapolation_value", 0.0)
        found = self._taps(node)
        if node.attr("mode", "nearest") == "nearest":
            filler = None
            if value and any((t < 0).any() for t, _ in found):
                filler = node.new_constant("value", np.array([value], node.dtype().numpy))
            return [take_call(node, node.shape(), [t[:, 0] for t, _ in found], filler)]
        return [self._interpolate(node, found, value)]

    def _interpolate(
        self,
        node: Node,
        found: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]],
        value: float,
    ) -> Call:
        shape, walk = node.shape(), strides.dense(node.shape())
        moved = [a for a, t in enumerate(found) if not _is_whole(shape[a], *t)]
        first, last = moved[0], moved[-1] + 1
        if last - first > AXES:
            raise node.refuse(
                f"interpolation over {last - first} neighbouring axes", f"at most {AXES}"
            )
        tables = [np.where(t < 0, -1, t * walk[a]) for a, (t, _) in enumerate(found)][first:last]
        weights = [w for _, w in found[first:last]]
        while len(tables) < AXES:
            tables.insert(0, np.zeros((1, 1), np.int64))
            weights.insert(0, np.ones((1, 1)))
        table, weight = (np.concatenate([v.ravel() for v in part]) for part in (tables, weights))
        args = {
            "x": node.input(0),
            "table": node.new_table("table", table.astype(np.int32)),
            "weight": node.new_table("weight", weight.astype(np.float32)),
            "y": node.output(),
            "outer": product(shape[:first]),
            "in_size": product(shape[first:]),
            "out_dhw": tuple(len(t) for t in tables),
            "inner": product(shape[last:]),
            "count": tuple(t.shape[1] for t in tables),
            "value": value,
        }
        return Call(resize, str(node.dtype()), args)

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """gamma(K + 6) of sum |x| |weight|: K taps, three roundings of weights and of products."""
        if node.attr("mode", "nearest") == "nearest":
            return super().bound(node, x, y, u)
        size, count = np.abs(x[0]), 1
        for a, (index, weight) in enumerate(self._taps(node)):
            count *= index.shape[1]
            taken = np.take(size, np.maximum(index, 0), a)
            each = weight.reshape((1,) * a + weight.shape + (1,) * (size.ndim - a - 1))
            size = (taken * np.abs(each)).sum(axis=a + 1)
        return [gamma(count + 6, u) * size]


def _is_whole(n: int, index: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]) -> bool:
    """Whether an axis of n elements is taken as it is."""
    if index.shape[1] != 1 or len(index) != n:
        return False
    return bool((index[:, 0] == np.arange(n)).all() and (weight == 1).all())
