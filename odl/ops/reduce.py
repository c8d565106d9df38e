"""ReduceMean over any axes."""

from __future__ import annotations

import math

import numpy as np

from odl.ops import strides
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.program import Call, In, Out, kernel


@kernel
def reduce_mean(
    x: In,
    y: Out,
    dims: tuple[int, ...],
    stride: tuple[int, ...],
    reduced: tuple[int, ...],
    reduced_stride: tuple[int, ...],
) -> None:
    """y[i] = mean over j in `reduced` of x[i . stride + j . reduced_stride], i in `dims`."""
    base = np.tensordot(stride, np.indices(dims).reshape(len(dims), -1), 1)
    step = np.tensordot(reduced_stride, np.indices(reduced).reshape(len(reduced), -1), 1)
    y[: base.size] = x[base[:, None] + step].mean(axis=1)


class ReduceMean(Operator):
    op_types = ("ReduceMean",)
    attributes = ("keepdims", "noop_with_empty_axes")
    constant_inputs = (1,)

    def _axes(self, node: Node) -> list[int]:
        rank = len(node.shape())
        given = node.const(1, "axes").ravel().tolist() if node.has(1) else []
        if not given and not node.attr("noop_with_empty_axes", 0):
            return list(range(rank))
        return sorted({node.axis(a, rank) for a in given})

    def alias(self, node: Node) -> int | None:
        return 0 if all(node.shape()[a] == 1 for a in self._axes(node)) else None

    def lower(self, node: Node) -> list[Call]:
        shape, axes = node.shape(), self._axes(node)
        walk = strides.dense(shape)
        kept = [i for i in range(len(shape)) if i not in axes]
        dims, (stride,) = strides.merge(tuple(shape[i] for i in kept), tuple(walk[i] for i in kept))
        reduced, (reduced_stride,) = strides.merge(
            tuple(shape[i] for i in axes), tuple(walk[i] for i in axes)
        )
        if max(len(dims), len(reduced)) > strides.RANK:
            raise node.refuse(f"a reduction over rank {len(shape)}", f"at most {strides.RANK}")
        args = {
            "x": node.input(0),
            "y": node.output(),
            "dims": strides.fill(dims, 1),
            "stride": strides.fill(stride, 0),
            "reduced": strides.fill(reduced, 1),
            "reduced_stride": strides.fill(reduced_stride, 0),
        }
        return [Call(reduce_mean, str(node.dtype()), args)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        axes = tuple(self._axes(node))
        n = math.prod(x[0].shape[a] for a in axes)
        mean = np.mean(np.abs(x[0]), axis=axes)
        return [gamma(n + 2, u) * np.reshape(mean, y[0].shape)]
