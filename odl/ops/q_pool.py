"""ai.odl.QAveragePool and ai.odl.QReduceMean: means of quantised numbers, summed up exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops.node import Node
from odl.ops.pool import GEOMETRY, AveragePool, Pool, window_sums
from odl.ops.quantised import requantise
from odl.ops.quantised_operator import Quantised
from odl.ops.reduce import nest
from odl.program import Call, In, Out, kernel

Array = npt.NDArray[Any]


@kernel
def q_average_pool(
    x: In,
    y: Out,
    maps: int,
    in_dhw: tuple[int, ...],
    out_dhw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    end: tuple[int, ...],
    count_padding: int,
    ratio: float,
    x_zero: int,
    zero: int,
    low: int,
    high: int,
) -> None:
    """y = round(sum of (x - x_zero) * ratio / taps) + zero; taps as average_pool counts them."""
    v = x[: maps * math.prod(in_dhw)].astype(np.int64).reshape(maps, *in_dhw) - x_zero
    total, count = window_sums(v, out_dhw, size, stride, dilation, pad, end, count_padding)
    mean = total.astype(np.float32) * np.float32(ratio) / count.astype(np.float32)
    out = np.rint(np.clip(mean, low - zero, high - zero)) + zero
    y[: out.size] = out.ravel().astype(y.dtype)


@kernel
def q_reduce_mean(
    x: In,
    y: Out,
    dims: tuple[int, ...],
    stride: tuple[int, ...],
    reduced: tuple[int, ...],
    reduced_stride: tuple[int, ...],
    multiplier: float,
    x_zero: int,
    zero: int,
    low: int,
    high: int,
) -> None:
    """y = round(sum of (x - x_zero) * multiplier) + zero; multiplier has the divisor in it."""
    base = np.tensordot(stride, np.indices(dims).reshape(len(dims), -1), 1)
    step = np.tensordot(reduced_stride, np.indices(reduced).reshape(len(reduced), -1), 1)
    sums = (x[base[:, None] + step].astype(np.int64) - x_zero).sum(axis=1)
    y[: base.size] = requantise(sums, np.float32(multiplier), zero, low, high, y.dtype)


class QAveragePool(Quantised):
    op_types = ("ai.odl.QAveragePool",)
    kernels = (q_average_pool,)
    inner = "AveragePool"
    attributes = (*GEOMETRY, "count_include_pad")
    note = f"{AveragePool.note}; {Quantised.note}"
    _pool = AveragePool()

    def check(self, node: Node) -> None:
        super().check(node)
        self.scalar(node, "x_scale"), self.scalar(node, "x_zero")
        Pool.check(self._pool, node)
        if math.prod(node.attr("kernel_shape", ())) >= 2**15:
            raise node.refuse("a window of more than 32767 elements")

    def lower(self, node: Node) -> list[Call]:
        geometry = self._pool.arguments(node)
        more = {
            "ratio": float(self.scalar(node, "x_scale") / self.scalar(node, "y_scale")),
            "x_zero": self.scalar(node, "x_zero"),
        }
        args = {**geometry, **more, **self.rounding(node)}
        return [Call(q_average_pool, str(node.dtype()), args)]


class QReduceMean(Quantised):
    op_types = ("ai.odl.QReduceMean",)
    kernels = (q_reduce_mean,)
    inner = "ReduceMean"
    attributes = ("keepdims",)
    fixed = ("axes",)

    def _axes(self, node: Node) -> list[int]:
        rank = len(node.shape())
        return sorted({node.axis(int(a), rank) for a in self.value(node, "axes").ravel()})

    def _count(self, node: Node) -> int:
        return math.prod(node.shape()[a] for a in self._axes(node))

    def check(self, node: Node) -> None:
        super().check(node)
        self.scalar(node, "x_scale"), self.scalar(node, "x_zero")
        if self._count(node) * 255 >= 2**31:
            raise node.refuse("sums that may not fit into 32 bits")
        nest(node, self._axes(node))

    def lower(self, node: Node) -> list[Call]:
        divisor = self.scalar(node, "y_scale") * np.float32(self._count(node))
        args = {
            "x": node.input(0),
            "y": node.output(),
            **nest(node, self._axes(node)),
            "multiplier": float(self.scalar(node, "x_scale") / divisor),
            "x_zero": self.scalar(node, "x_zero"),
            **self.rounding(node),
        }
        return [Call(q_reduce_mean, str(node.dtype()), args)]
