"""Pad in every mode, through a table of source offsets for each axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from odl.dtype import ALL
from odl.ops import layout
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.take import take, take_call
from odl.program import ELEMENTS, Call


class Pad(Operator):
    moves = True
    op_types = ("Pad",)
    kernels = (take,)
    attributes = ("mode",)
    dtypes = ALL
    constant_inputs = (1, 3)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.listed(node, perm, (1,), axes=3)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Of zeros: dy without them; else repeated elements add up, axis for axis."""
        dy, mode = b.dy(), node.attr("mode", "constant")
        shape, out = node.shape(), node.out_shape()
        begins = self._begins(node, len(shape))
        spans = list(zip(shape, out, begins, strict=True))
        if mode == "constant":
            return [b.pad(dy, [-p for p in begins], [n - m + p for n, m, p in spans])]
        for axis, (n, m, begin) in enumerate(spans):
            rows = self._cropped(node, mode, n, m, begin)
            if not np.array_equal(rows, np.arange(n)):
                dy = b.along(dy, axis, len(shape), np.eye(n)[rows])
        return [dy]

    def lower(self, node: Node) -> list[Call]:
        shape, out = node.shape(), node.out_shape()
        mode = node.attr("mode", "constant")
        begins = self._begins(node, len(shape))
        runs = [
            self._cropped(node, mode, n, m, begin)
            for n, m, begin in zip(shape, out, begins, strict=True)
        ]
        value = node.optional(2) if mode == "constant" else None
        return [take_call(node, shape, runs, value)]

    def _begins(self, node: Node, rank: int) -> list[int]:
        pads = node.const(1, "pads").ravel().tolist()
        axes = node.const(3, "axes").ravel().tolist() if node.has(3) else list(range(rank))
        if any(abs(p) > ELEMENTS for p in pads):
            raise node.refuse(f"a pad of {max(pads, key=abs)} elements", f"at most {ELEMENTS}")
        begins = [0] * rank
        for axis, begin in zip(axes, pads, strict=False):
            begins[node.axis(axis, rank)] = begin
        return begins

    def _cropped(self, node: Node, mode: str, n: int, m: int, begin: int) -> npt.NDArray[np.int64]:
        """`_table`, where negative pads take away before anything is added."""
        skip, end = max(0, -begin), m - n - begin
        kept = n - skip - max(0, -end)
        if kept < 1 and mode != "constant":
            raise node.refuse(f"mode '{mode}' of an axis that is cropped to nothing")
        table = self._table(node, mode, kept, m, max(0, begin))
        return np.where(table < 0, -1, table + skip)

    def _table(self, node: Node, mode: str, n: int, m: int, begin: int) -> npt.NDArray[np.int64]:
        """Source index of each of `m` output positions along an axis of `n`; -1 is outside."""
        i = np.arange(m) - begin
        if mode == "constant":
            return np.where((i >= 0) & (i < n), i, -1)
        if mode == "edge":
            return np.clip(i, 0, n - 1)
        if mode == "wrap":
            return i % n
        if mode == "reflect":
            period = max(2 * (n - 1), 1)
            i = i % period
            return np.where(i < n, i, period - i)
        raise node.refuse(f"mode '{mode}'", "supported: constant, edge, reflect, wrap")
