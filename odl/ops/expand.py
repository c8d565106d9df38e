"""Expand and Tile: copies that read their input again and again."""

from __future__ import annotations

import numpy as np

from odl.dtype import ALL
from odl.ops import layout, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.ops.take import take, take_call
from odl.ops.transpose import copy, copy_call
from odl.program import Call


class Repeat(Operator):
    """The family; the output's shape says how often."""

    dtypes = ALL
    moves = True
    constant_inputs = (1,)
    note = "no code where the size stays"

    def alias(self, node: Node) -> int | None:
        return 0 if node.size() == product(node.shape()) else None


class Expand(Repeat):
    op_types = ("Expand",)
    kernels = (copy,)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        return [b.unbroadcast(b.dy(), 0)]

    def lower(self, node: Node) -> list[Call]:
        out = node.out_shape()
        walk = strides.broadcast(node.shape(), out)
        return [copy_call(node, node.input(0), node.output(), out, walk, strides.dense(out))]


class Tile(Repeat):
    op_types = ("Tile",)
    kernels = (copy, take)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """The repeats add up."""
        pairs = zip(node.const(1, "repeats").ravel().tolist(), node.shape(), strict=True)
        apart = [n for pair in pairs for n in pair]
        return [b.dy().reshape(apart).sum(range(0, len(apart), 2))]

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.listed(node, perm, (1,), axes=2)

    def lower(self, node: Node) -> list[Call]:
        """Each axis becomes two: which copy, and where in it; or tables, if these are too many."""
        shape, out = node.shape(), node.out_shape()
        dims: list[int] = []
        walk: list[int] = []
        for n, m, step in zip(shape, out, strides.dense(shape), strict=True):
            dims += [m // n, n]
            walk += [0, step]
        to = strides.dense(tuple(dims))
        if len(strides.merge(tuple(dims), tuple(walk), to)[0]) > strides.RANK:
            return [
                take_call(node, shape, [np.arange(m) % n for n, m in zip(shape, out, strict=True)])
            ]
        return [copy_call(node, node.input(0), node.output(), tuple(dims), tuple(walk), to)]
