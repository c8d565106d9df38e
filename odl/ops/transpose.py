"""Transpose, and the strided copy that other data movement is made of."""

from __future__ import annotations

import numpy as np

from odl.dtype import ALL
from odl.ops import estimates, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.tilings import estimated, nest, tiled
from odl.program import Call, In, Out, Ref, kernel


@estimated(estimates.copy)
@tiled(nest({"x": "x_stride"}, written="y_stride"))
@kernel
def copy(
    x: In, y: Out, dims: tuple[int, ...], x_stride: tuple[int, ...], y_stride: tuple[int, ...]
) -> None:
    """y[i . y_stride] = x[i . x_stride] for every i in dims; strides in elements."""
    index = np.indices(dims).reshape(len(dims), -1)
    y[np.tensordot(y_stride, index, 1)] = x[np.tensordot(x_stride, index, 1)]


def copy_call(
    node: Node,
    x: Ref,
    y: Ref,
    dims: tuple[int, ...],
    x_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
) -> Call:
    """A strided copy of elements of the node's type, in as few dimensions as possible."""
    dims, (xs, ys) = strides.merge(dims, x_stride, y_stride)
    if len(dims) > strides.RANK:
        raise node.refuse(f"a copy over {len(dims)} dimensions", f"at most {strides.RANK}")
    args = {
        "x": x,
        "y": y,
        "dims": strides.fill(dims, 1),
        "x_stride": strides.fill(xs, 0),
        "y_stride": strides.fill(ys, 0),
    }
    return Call(copy, f"b{8 * node.dtype().size}", args)


def permutation(node: Node) -> tuple[int, ...]:
    """The input's axes in the order of the output's; ONNX's inference lets others pass."""
    rank = len(node.shape())
    perm = node.attr("perm", tuple(range(rank - 1, -1, -1)))
    if sorted(perm) != list(range(rank)):
        raise node.refuse(f"perm {list(perm)} is no permutation of {rank} axes")
    return perm


class Transpose(Operator):
    moves = True
    op_types = ("Transpose",)
    kernels = (copy,)
    attributes = ("perm",)
    dtypes = ALL
    note = "no code where only dimensions of size 1 move"

    def gradient(self, b: Backward, node: Node) -> Gradients:
        perm = permutation(node)
        return [b.dy().transpose([perm.index(i) for i in range(len(perm))])]

    def alias(self, node: Node) -> int | None:
        shape = node.shape()
        moved = [p for p in permutation(node) if shape[p] != 1]
        return 0 if moved == sorted(moved) else None

    def lower(self, node: Node) -> list[Call]:
        source = strides.dense(node.shape())
        walk = tuple(source[p] for p in permutation(node))
        out = node.out_shape()
        return [copy_call(node, node.input(0), node.output(), out, walk, strides.dense(out))]
