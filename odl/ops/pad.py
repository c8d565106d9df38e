"""Pad in every mode, through a table of source offsets for each axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from odl.dtype import ALL
from odl.ops import layout, strides
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import ELEMENTS, Call, In, Out, kernel


@kernel
def take(x: In, table: In, value: In | None, y: Out, rank: int, dims: tuple[int, ...]) -> None:
    """y[i] = x[sum over axes a of table_a[i_a]]; where any entry is -1, y[i] = value (or 0).

    `table` holds dims[0] + ... + dims[rank-1] entries, one run for each axis, in elements.
    """
    used = dims[-rank:]
    runs = np.split(table[: sum(used)], np.cumsum(used)[:-1])
    grid = np.stack(np.meshgrid(*runs, indexing="ij")).reshape(rank, -1)
    outside = (grid < 0).any(axis=0)
    filler = value[0] if value is not None else 0
    y[: outside.size] = np.where(outside, filler, x[np.where(outside, 0, grid.sum(axis=0))])


class Pad(Operator):
    op_types = ("Pad",)
    kernels = (take,)
    attributes = ("mode",)
    dtypes = ALL
    constant_inputs = (1, 3)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.listed(node, perm, (1,), axes=3)

    def lower(self, node: Node) -> list[Call]:
        shape, out = node.shape(), node.out_shape()
        if len(shape) > strides.RANK:
            raise node.refuse(f"rank {len(shape)}", f"at most {strides.RANK}")
        mode = node.attr("mode", "constant")
        begins = self._begins(node, len(shape))
        runs = [
            self._cropped(node, mode, n, m, b) * s
            for n, m, b, s in zip(shape, out, begins, strides.dense(shape), strict=True)
        ]
        runs = [np.where(r < 0, -1, r) for r in runs]
        table = np.concatenate(runs).astype(np.int32) if runs else np.zeros(1, np.int32)
        args = {
            "x": node.input(0),
            "table": node.new_constant("table", table),
            "value": node.optional(2) if mode == "constant" else None,
            "y": node.output(),
            "rank": max(len(shape), 1),
            "dims": strides.fill(out, 1),
        }
        return [Call(take, f"b{8 * node.dtype().size}", args)]

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
