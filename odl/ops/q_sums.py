"""Sums of products of eight-bit numbers: weights without zero point, bias, multiplier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import U8, DType
from odl.ops.node import Node
from odl.ops.quantised import centred
from odl.ops.quantised_operator import Quantised

Array = npt.NDArray[Any]


def largest(kind: DType) -> int:
    """The largest |x| of a type of activations."""
    return 255 if kind is U8 else 128


def fold_zero(node: Node, w: Array, bias: Array, x_zero: int) -> Array:
    """bias - x_zero * sum of w, of 32 bits; `w` is [channels, ...] without zero point.

    Raises:
        Unsupported: a sum over input 0 might not fit into 32 bits.
    """
    products = w.reshape(w.shape[0], -1).astype(np.int64)
    folded = bias.astype(np.int64) - x_zero * products.sum(axis=1)
    most = np.abs(products).sum(axis=1) * largest(node.dtype()) + np.abs(folded)
    if most.max(initial=0) >= 2**31:
        raise node.refuse("sums that may not fit into 32 bits")
    return np.asarray(folded.astype(np.int32))


def sum_parts(operator: Quantised, node: Node, axis: int) -> tuple[Array, Array, Array, Array]:
    """What a sum of products needs, of a node with constant weights whose channels are on `axis`.

    Returns:
        the weights without zero point; the bias in units of x_scale * w_scale, rounded; by how
        much that misses it; x_scale * w_scale / y_scale, in the order of ONNX Runtime's roundings.
    """
    w, scale, zero = (operator.value(node, f"w{part}") for part in ("", "_scale", "_zero"))
    for name in ("w_scale", "w_zero", *(n for n in ("b", "b_scale") if "b" in operator.operands)):
        size = operator.value(node, name).size
        if size not in (1, w.shape[axis]):
            raise node.refuse(f"{name} has {size} elements for {w.shape[axis]} channels")
    column = [1] * w.ndim
    column[axis] = -1
    weights = centred(w, zero.reshape(column) if zero.size > 1 else zero.reshape(()))
    channels = w.shape[axis]
    x_scale, y_scale = operator.scalar(node, "x_scale"), operator.scalar(node, "y_scale")
    scale = np.broadcast_to(scale.ravel(), channels)
    multiplier = np.asarray((x_scale * scale) / y_scale, np.float32)
    if "b" not in operator.operands:
        none = np.zeros(channels)
        return weights, none.astype(np.int64), none, multiplier
    b, b_scale = operator.value(node, "b").ravel(), operator.value(node, "b_scale").ravel()
    unit = x_scale.astype(np.float64) * scale
    exact = np.broadcast_to(b * (b_scale / unit), channels)
    near_unit = np.all(np.abs(b_scale / unit - 1) < 1e-6)
    whole = np.broadcast_to(b.astype(np.int64), channels) if near_unit else np.rint(exact)
    return weights, whole.astype(np.int64), np.abs(whole - exact), multiplier
