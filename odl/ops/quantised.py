"""What quantised operators have in common: rounding, scales along an axis, and what may differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import I8, U8
from odl.ops.node import Node

Array = npt.NDArray[Any]

QUANTISED = (I8, U8)
"""Types of quantised activations."""


def limits(kind: Any) -> tuple[int, int]:
    """Least and largest value of an integer type, of int4 too."""
    name = np.dtype(kind).name
    bits = int(name.removeprefix("u").removeprefix("int"))
    return (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def saturate(v: Array, zero: Any, kind: Any) -> Array:
    """round(v) + zero, halves to even, held within the type; NaN becomes the least value."""
    low, high = limits(kind)
    offset = np.asarray(zero).astype(v.dtype)
    kept = np.where(v > low - offset, v, low - offset)
    return np.asarray((np.rint(np.minimum(kept, high - offset)) + offset).astype(kind))


def near(real: Array, error: Array, zero: Any, got: Array) -> npt.NDArray[np.bool_]:
    """Whether `got` is what some value within `error` of `real` rounds to.

    Args:
        real: the exact values in units of the output's scale, without the zero point.
        error: the most by which float32 arithmetic may miss them.
        zero: the output's zero point.
        got: the integers that the device stored.
    """
    low, high = (saturate(v, zero, got.dtype) for v in (real - error, real + error))
    return np.asarray((low <= got) & (got <= high))


@dataclass(frozen=True)
class Grid:
    """How the elements of a tensor find their scale: [outer, length, inner], and three strides."""

    outer: int
    length: int
    inner: int
    block: int
    stride: tuple[int, int, int]

    @property
    def fields(self) -> dict[str, Any]:
        """The grid as kernels take it."""
        names = ("outer", "length", "inner", "block", "stride")
        return {name: getattr(self, name) for name in names}

    def index(self) -> Array:
        """The place of every element's scale, [outer, length, inner]."""
        o, c, i = np.ogrid[: self.outer, : self.length, : self.inner]
        return np.asarray(
            o * self.stride[0] + c // self.block * self.stride[1] + i * self.stride[2]
        )


def grid(node: Node, shape: tuple[int, ...], scale: tuple[int, ...]) -> Grid:
    """The grid of a QuantizeLinear or DequantizeLinear of `shape` with scales of shape `scale`."""
    size, block = int(np.prod(shape)), node.attr("block_size", 0)
    if int(np.prod(scale)) == 1 and len(scale) <= 1 and not block:
        return Grid(1, 1, size, 1, (0, 0, 0))
    axis = node.axis(node.attr("axis", 1), len(shape))
    outer, inner = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
    if not block:
        if scale != (shape[axis],):
            raise node.refuse(f"scales of shape {list(scale)} along an axis of {shape[axis]}")
        return Grid(outer, shape[axis], inner, 1, (0, 1, 0))
    blocks = -(-shape[axis] // block)
    if scale != (*shape[:axis], blocks, *shape[axis + 1 :]):
        raise node.refuse(f"scales of shape {list(scale)} for blocks of {block}")
    return Grid(outer, shape[axis], inner, block, (blocks * inner, inner, 1))


def requantise(
    sums: Array, multiplier: Array | None, zero: int, low: int, high: int, kind: Any
) -> Array:
    """round(sums * multiplier) + zero between low and high; without multiplier the sums."""
    if multiplier is None:
        return sums.astype(np.int32)
    v = sums.astype(np.float32) * multiplier
    return np.asarray((np.rint(np.clip(v, low - zero, high - zero)) + zero).astype(kind))


def centred(w: Array, zero: Array) -> Array:
    """w - zero in int8, or in int16 where that has no room; `zero` is broadcast."""
    wide = w.astype(np.int32) - zero.astype(np.int32)
    fits = wide.size == 0 or (wide.min() >= -128 and wide.max() <= 127)
    return wide.astype(np.int8 if fits else np.int16)
