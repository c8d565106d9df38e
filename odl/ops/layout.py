"""How an operator lets a Transpose pass: N(T(x)) = T'(N'(x)), with N' the node of other axes.

A rule takes the node N and the permutation of T and describes N' and T', or says None. Operators
call theirs in `move`. Axis i behind a Transpose is axis perm[i] before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops.node import Node

Perm = tuple[int, ...]

BY_COST = "auto"
LAYOUTS = (BY_COST, "chw", "hwc")
"""Of images, as `Options.layout` has them."""


@dataclass(frozen=True)
class Moved:
    """The node before the Transpose."""

    perm: Perm
    """Of the Transposes that its outputs need."""
    inputs: tuple[int, ...] = (0,)
    """Operands that lose their Transpose; those of fewer axes are broadcast."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """What changes."""
    constants: dict[int, npt.NDArray[Any]] = field(default_factory=dict)
    """Operands that change."""


def inverse(perm: Perm) -> Perm:
    """The permutation that undoes it."""
    return tuple(int(i) for i in np.argsort(perm))


def is_free(perm: Perm, shape: tuple[int, ...]) -> bool:
    """Whether transposing `shape` moves only axes of size 1, so that no byte moves."""
    moved = [p for p in perm if shape[p] != 1]
    return moved == sorted(moved)


def elementwise(node: Node, perm: Perm) -> Moved | None:
    """Every operand may be broadcast; none stands for more axes than the Transpose has."""
    if len(node.out_shape()) != len(perm):
        return None
    return Moved(perm, tuple(i for i in range(len(node.ir.inputs)) if node.has(i)))


def along(node: Node, perm: Perm, default: int, operands: int | None = 1) -> Moved | None:
    """The operator works along attribute `axis` of its first operands, or of all (None)."""
    axis = perm[node.axis(node.attr("axis", default), len(perm))]
    count = len(node.ir.inputs) if operands is None else operands
    return Moved(perm, tuple(range(count)), {"axis": axis})


def quantized(node: Node, perm: Perm) -> Moved | None:
    """QuantizeLinear and its inverse: one scale, or one for each index along `axis`."""
    if len(node.shape(1)) == 0:
        return Moved(perm)
    if len(node.shape(1)) > 1:
        return None
    return Moved(perm, attributes={"axis": perm[node.axis(node.attr("axis", 1), len(perm))]})


def listed(node: Node, perm: Perm, operands: tuple[int, ...], axes: int) -> Moved | None:
    """`operands` hold numbers for each of the axes that operand `axes` lists, or for all."""
    if node.has(axes):
        if not node.is_const(axes):
            return None
        found = [perm[node.axis(int(a), len(perm))] for a in node.const(axes, "axes").ravel()]
        return Moved(perm, constants={axes: np.array(found, np.int64)})
    constants = {}
    for i in operands:
        if not node.has(i):
            continue
        if not node.is_const(i) or node.const(i, "operand").size % len(perm):
            return None
        values = node.const(i, "operand").reshape(-1, len(perm))
        constants[i] = values[:, list(inverse(perm))].ravel()
    return Moved(perm, constants=constants)


def reduced(node: Node, perm: Perm) -> Moved | None:
    """Operand 1 lists the axes; without `keepdims`, those that stay change their order."""
    if not node.has(1) or not node.is_const(1):
        return None
    axes = {node.axis(int(a), len(perm)) for a in node.const(1, "axes").ravel()}
    if not axes:
        return None
    moved = np.array(sorted(perm[a] for a in axes), np.int64)
    kept = perm if node.attr("keepdims", 1) else _without(perm, axes)
    return Moved(kept, constants={1: moved})


def indexed(node: Node, perm: Perm) -> Moved | None:
    """The index along attribute `axis`, which goes unless `keepdims`."""
    axis = node.axis(node.attr("axis", 0), len(perm))
    kept = perm if node.attr("keepdims", 1) else _without(perm, {axis})
    return Moved(kept, attributes={"axis": perm[axis]})


def squeezed(node: Node, perm: Perm) -> Moved | None:
    """Operand 1 lists the axes of size 1 that go."""
    if not node.has(1) or not node.is_const(1):
        return None
    axes = {node.axis(int(a), len(perm)) for a in node.const(1, "axes").ravel()}
    moved = np.array(sorted(perm[a] for a in axes), np.int64)
    return Moved(_without(perm, axes), constants={1: moved})


def unsqueezed(node: Node, perm: Perm) -> Moved | None:
    """Operand 1 lists the axes of size 1 that come; they may stay where they are."""
    if not node.is_const(1):
        return None
    rank = len(node.out_shape())
    axes = {node.axis(int(a), rank) for a in node.const(1, "axes").ravel()}
    old = [i for i in range(rank) if i not in axes]
    whole = list(range(rank))
    for i, p in enumerate(perm):
        whole[old[i]] = old[p]
    return Moved(tuple(whole))


def _without(perm: Perm, axes: set[int]) -> Perm:
    """The permutation of the axes that are left."""
    left = [p for i, p in enumerate(perm) if i not in axes]
    return tuple(sorted(left).index(p) for p in left)


def flattened(node: Node, perm: Perm) -> Moved | None:
    """Into rows and columns; the Transpose may go if it moves no element and the rows agree."""
    source = tuple(node.shape()[i] for i in inverse(perm))
    axis = node.attr("axis", 1) % (len(perm) + 1)
    if not is_free(perm, source) or math.prod(source[:axis]) != node.out_shape()[0]:
        return None
    return Moved((0, 1), attributes={"axis": axis})


def reshaped(node: Node, perm: Perm) -> Moved | None:
    """A Reshape only counts elements, so a Transpose that moves none before it may go."""
    if not is_free(perm, tuple(node.shape()[i] for i in inverse(perm))):
        return None
    shape = node.out_shape()
    return Moved(tuple(range(len(shape))), constants={1: np.array(shape, np.int64)})
