"""Gather, GatherElements, GatherND: one kernel that follows tuples of indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from odl.dtype import ALL, I32, I64
from odl.ops import strides
from odl.ops.backward import Backward, Gradients
from odl.ops.cast import cast
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.program import Call, In, Out, Ref, kernel


@kernel
def gather(
    x: In,
    index: In,
    y: Out,
    dims: tuple[int, ...],
    x_stride: tuple[int, ...],
    index_stride: tuple[int, ...],
    wide: int,
    depth: int,
    size: tuple[int, ...],
    step: tuple[int, ...],
) -> None:
    """y[i] = x[i . x_stride + sum over k < depth of index[i . index_stride + k] * step[k]].

    An index counts from the end of its axis of `size` where it is negative; one outside is
    replaced by the nearest inside.
    """
    nest = np.indices(dims).reshape(len(dims), -1)
    place = np.tensordot(x_stride, nest, 1)
    at = np.tensordot(index_stride, nest, 1)
    for k in range(depth):
        i = index[at + k].astype(np.int64)
        place = place + np.clip(np.where(i < 0, i + size[k], i), 0, size[k] - 1) * step[k]
    y[: place.size] = x[place]


def indices(node: Node, i: int) -> tuple[Ref, int, list[Call]]:
    """Input `i` as the indices of a kernel, which reads integers of 32 or 64 bits.

    Returns:
        the operand, whether its elements have 64 bits, and the calls that make it.
    """
    kind = node.dtype(i)
    if kind in (I32, I64):
        return node.input(i), int(kind is I64), []
    made = node.new_scratch("index", I64, node.shape(i))
    args = {"x": node.input(i), "y": made, "n": product(node.shape(i))}
    return made, 1, [Call(cast, f"{kind}_i64", args)]


def places(node: Node, i: int, sizes: tuple[int, ...]) -> tuple[Ref, int]:
    """Input `i`, tuples of indices into axes of `sizes`, and whether its elements have 64 bits.

    Constant ones are checked, counted from the front, and stored in 32 bits.
    """
    if not node.is_const(i):
        return node.input(i), int(node.dtype(i) is I64)
    array = node.const(i, "indices").astype(np.int64).reshape(-1, len(sizes))
    outside = (array < -np.array(sizes)) | (array >= np.array(sizes))
    if outside.any():
        row, k = np.argwhere(outside)[0]
        raise node.refuse(f"index {array[row, k]} is outside an axis of {sizes[k]}")
    front = np.where(array < 0, array + sizes, array)
    return node.new_constant("index", front.astype(np.int32)), 0


def walk_args(
    node: Node,
    dims: tuple[int, ...],
    data_stride: tuple[int, ...],
    index_stride: tuple[int, ...],
    sizes: tuple[int, ...],
    steps: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """The merged nest, its strides through the data and the indices, and what each tuple means."""
    dims, (data, index) = strides.merge(dims, data_stride, index_stride)
    if max(len(dims), len(sizes)) > strides.RANK:
        raise node.refuse(
            f"indexing over {max(len(dims), len(sizes))} dimensions", f"at most {strides.RANK}"
        )
    room = strides.RANK - len(sizes)
    tuples = {"depth": len(sizes), "size": (*sizes, *(1,) * room), "step": (*steps, *(0,) * room)}
    return strides.fill(dims, 1), strides.fill(data, 0), strides.fill(index, 0), tuples


def elements_walk(node: Node) -> tuple[tuple[int, ...], ...]:
    """Arguments of `walk_args` where each element has an index of its own along an axis.

    Raises:
        Unsupported: the indices (input 1) do not fit into the data (input 0).
    """
    shape, index = node.shape(), node.shape(1)
    axis = node.axis(node.attr("axis", 0), len(shape))
    beside = [i for i in range(len(shape)) if i != axis]
    if len(index) != len(shape) or any(index[i] > shape[i] for i in beside):
        raise node.refuse(f"indices of shape {list(index)} into data of shape {list(shape)}")
    walk = strides.dense(shape)
    others = tuple(0 if i == axis else s for i, s in enumerate(walk))
    return index, others, strides.dense(index), (shape[axis],), (walk[axis],)


def tuples_walk(node: Node, batch: int = 0) -> tuple[tuple[int, ...], ...]:
    """Arguments of `walk_args` where the last axis of the indices holds tuples into the data.

    The first `batch` axes are common to both; what a tuple leaves of the data is moved whole.

    Raises:
        Unsupported: the indices (input 1) do not fit into the data (input 0).
    """
    shape, index = node.shape(), node.shape(1)
    fits = 0 <= batch < len(index) and shape[:batch] == index[:batch]
    if not fits or not 1 <= index[-1] <= len(shape) - batch:
        raise node.refuse(f"indices of shape {list(index)} into data of shape {list(shape)}")
    depth, walk = index[-1], strides.dense(shape)
    within = shape[batch + depth :]
    between = index[batch:-1]
    dims = (*index[:batch], *between, *within)
    data = (*walk[:batch], *(0 for _ in between), *walk[batch + depth :])
    tuples = (*strides.dense(index)[:-1], *(0 for _ in within))
    taken = slice(batch, batch + depth)
    return dims, data, tuples, shape[taken], walk[taken]


class _Gather(Operator):
    """The family; an index that the device computes is clamped to the axis."""

    dtypes = ALL
    note = "indices that are out of range are refused, or clamped where the device computes them"

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        raise NotImplementedError

    def lower(self, node: Node) -> list[Call]:
        walk = self._walk(node)
        dims, x_stride, index_stride, tuples = walk_args(node, *walk)
        index, wide = places(node, 1, walk[3])
        args = {
            "x": node.input(0),
            "index": index,
            "y": node.output(),
            "dims": dims,
            "x_stride": x_stride,
            "index_stride": index_stride,
            "wide": wide,
            **tuples,
        }
        return [Call(gather, f"b{8 * node.dtype().size}", args)]


class Gather(_Gather):
    op_types = ("Gather",)
    kernels = (gather, cast)
    attributes = ("axis",)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """What was taken from one place adds up there; the indexed axis goes to the front."""
        shape, taken = node.shape(), len(node.shape(1))
        axis = node.axis(node.attr("axis", 0), len(shape))
        before, width = list(range(axis)), len(node.out_shape())
        dy = b.dy().transpose([*range(axis, axis + taken), *before, *range(axis + taken, width)])
        index = b.x(1).reshape([*node.shape(1), 1])
        front = [axis, *before, *range(axis + 1, len(shape))]
        zeros = b.zeros(b.x(), [shape[i] for i in front])
        dx = b.term("ScatterND", zeros, index, dy, reduction="add")
        return [dx.transpose([front.index(i) for i in range(len(shape))]), None]

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        shape, count = node.shape(), product(node.shape(1))
        axis = node.axis(node.attr("axis", 0), len(shape))
        outer, n, inner = product(shape[:axis]), shape[axis], product(shape[axis + 1 :])
        return (outer, count, inner), (n * inner, 0, 1), (0, 1, 0), (n,), (inner,)


class GatherElements(_Gather):
    op_types = ("GatherElements",)
    kernels = (gather, cast)
    attributes = ("axis",)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        more: dict[str, Any] = {"axis": node.attr("axis", 0), "reduction": "add"}
        return [b.term("ScatterElements", b.zeros(b.x()), b.x(1), b.dy(), **more), None]

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        return elements_walk(node)


class GatherND(_Gather):
    op_types = ("GatherND",)
    kernels = (gather, cast)
    attributes = ("batch_dims",)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        if node.attr("batch_dims", 0):
            raise node.refuse("its gradient with batch_dims", "batch_dims 0")
        return [b.term("ScatterND", b.zeros(b.x()), b.x(1), b.dy(), reduction="add"), None]

    def _walk(self, node: Node) -> tuple[tuple[int, ...], ...]:
        return tuples_walk(node, node.attr("batch_dims", 0))
