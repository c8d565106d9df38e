"""ai.odl.QConv and ConvInteger: convolutions of eight-bit numbers with sums of 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops import strides
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.ops.q_matmul import packed_columns, q_matmul, q_matmul_args
from odl.ops.q_sums import fold_zero, sum_parts
from odl.ops.quantised import QUANTISED, centred, requantise
from odl.ops.quantised_operator import Quantised
from odl.ops.windows import Window, check_channels, window
from odl.program import Call, In, Out, kernel

Array = npt.NDArray[Any]


BLOCK = 4
"""CHANNELS of q_conv2d.inc: output channels whose weights stand together."""


def packed(w: Array, groups: int) -> Array:
    """[out_c, in_c / groups, size] as blocks [size, in_c / groups, 4], and single channels."""
    parts = []
    for group in np.split(w, groups):
        whole = len(group) // BLOCK * BLOCK
        blocks = [*group[:whole].reshape(-1, BLOCK, *w.shape[1:]), *group[whole:, None]]
        parts += [np.moveaxis(b, (0, 1), (-1, -2)).ravel() for b in blocks]
    return np.concatenate(parts)


def _unpacked(w: Array, groups: int, out_c: int, size: tuple[int, ...]) -> Array:
    """The inverse, as [groups, out_c / groups, in_c / groups, size]."""
    in_c = w.size // (out_c * int(np.prod(size)))
    places = packed(np.arange(w.size).reshape(out_c, in_c, *size), groups)
    plain = np.empty(w.size, np.int64)
    plain[places] = w
    return plain.reshape(groups, out_c // groups, in_c, *size)


@kernel
def q_conv2d(
    x: In,
    w: In,
    bias: In | None,
    multiplier: In | None,
    y: Out,
    batch: int,
    groups: int,
    in_c: int,
    in_hw: tuple[int, ...],
    out_c: int,
    out_hw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    x_zero: int,
    zero: int,
    low: int,
    high: int,
) -> None:
    """NCHW convolution in integers; what lies outside x has the value x_zero, w is `packed`.

    y = round((bias[c] + sum w x) * multiplier[c]) + zero between low and high, halves to even;
    without multiplier y is the sums themselves, of 32 bits.
    """
    v = x[: batch * in_c * in_hw[0] * in_hw[1]].reshape(batch, groups, -1, *in_hw)
    kernels = _unpacked(w[: out_c * (in_c // groups) * size[0] * size[1]], groups, out_c, size)
    sums = np.zeros((batch, groups, out_c // groups, *out_hw), np.int64)
    for tap in np.ndindex(*size):
        at = [
            np.arange(o) * s + t * d - p
            for o, s, t, d, p in zip(out_hw, stride, tap, dilation, pad, strict=True)
        ]
        inside = [(a >= 0) & (a < n) for a, n in zip(at, in_hw, strict=True)]
        rows, columns = (np.clip(a, 0, n - 1) for a, n in zip(at, in_hw, strict=True))
        part = np.where(
            inside[0][:, None] & inside[1], v[..., rows[:, None], columns].astype(np.int64), x_zero
        )
        sums += np.einsum("bgchw,goc->bgohw", part, kernels[..., tap[0], tap[1]], optimize=True)
    total = sums.reshape(batch, out_c, *out_hw)
    if bias is not None:
        total = total + bias[:out_c, None, None]
    scale = None if multiplier is None else multiplier[:out_c, None, None]
    out = requantise(total, scale, zero, low, high, y.dtype)
    y[: out.size] = out.ravel()


class _Convolution(Operator):
    """The geometry, and the call."""

    def _window(self, node: Node, w: Array) -> Window:
        return window(node, w.shape[2:]).padded_to(2)

    def _check_shape(self, node: Node, w: Array) -> None:
        rank = len(node.shape()) - 2
        if rank not in (1, 2):
            raise node.refuse(f"{rank} spatial dimensions", "supported: 1 and 2")
        check_channels(node, w.shape)
        self._window(node, w)

    def _call(
        self, node: Node, w: Array, bias: Array, x_zero: int, multiplier: Array | None, **over: int
    ) -> list[Call]:
        """Weights without zero point and the bias as it is; the zero point of x goes into it."""
        folded = fold_zero(node, w, bias, x_zero)
        scale = None
        if multiplier is not None:
            scale = node.new_constant("multiplier", multiplier.astype(np.float32))
        rounding = {"zero": 0, "low": 0, "high": 0, **over}
        operands = {
            "x": node.input(0),
            "bias": node.new_constant("bias", folded),
            "multiplier": scale,
            "y": node.output(),
        }
        g, (batch, in_c), groups = self._window(node, w), node.shape()[:2], node.attr("group", 1)
        types = f"{node.dtype()}_{'i8' if w.dtype == np.int8 else 'i16'}"
        plain = all(v == 1 for v in g.size + g.stride) and not any(g.pad + g.end)
        if plain and groups == 1:
            columns = packed_columns(w.reshape(w.shape[0], in_c).T)
            operands["b"] = node.new_constant("weight", columns)
            return [self._pointwise(node, w.shape[0], types, operands, rounding)]
        operands |= {"w": node.new_constant("weight", packed(w, groups))}
        args = {
            "x": operands.pop("x"),
            "w": operands.pop("w"),
            **operands,
            "batch": batch,
            "groups": groups,
            "in_c": in_c,
            "in_hw": (1, *node.shape()[2:])[-2:],
            "out_c": w.shape[0],
            "out_hw": (1, *node.out_shape()[2:])[-2:],
            "size": g.size,
            "stride": g.stride,
            "dilation": g.dilation,
            "pad": g.pad,
            "x_zero": x_zero,
            **rounding,
        }
        return [Call(q_conv2d, types, args)]

    def _pointwise(
        self, node: Node, out_c: int, types: str, operands: dict[str, Any], rounding: dict[str, int]
    ) -> Call:
        """Rows are positions, columns are output channels; y stands transposed."""
        batch, in_c, *spatial = node.shape()
        n = int(np.prod(spatial))
        given = {"a": operands.pop("x"), **operands, **rounding}
        args = q_matmul_args(
            n,
            in_c,
            out_c,
            **given,
            a_stride=(1, n),
            y_stride=(1, n),
            multiplier_stride=1,
            batch=strides.fill((batch,), 1),
            a_batch=strides.fill((in_c * n,), 0),
        )
        return Call(q_matmul, types, args)

    def macs(self, node: Node) -> int:
        w = node.shape(self._weights())
        return node.size() * int(np.prod(w[1:]))

    def _weights(self) -> int:
        return 1


class QConv(_Convolution, Quantised):
    op_types = ("ai.odl.QConv",)
    kernels = (q_conv2d, q_matmul)
    inner = "Conv"
    attributes = ("dilations", "group", "pads", "strides")
    operands = ("x", "w", "b")
    axes = {"w": 0, "b": 0}
    note = "1-D and 2-D; " + Quantised.note

    def _weights(self) -> int:
        return self.names().index("w")

    def check(self, node: Node) -> None:
        Quantised.check(self, node)
        self._check_shape(node, self.value(node, "w"))
        self.scalar(node, "x_scale"), self.scalar(node, "x_zero")
        w, bias, _, _ = self.parts(node)
        fold_zero(node, w, bias, self.scalar(node, "x_zero"))

    def parts(self, node: Node) -> tuple[Array, Array, Array, Array]:
        """Weights, bias as integers of the sums' scale, its error, and the multipliers."""
        return sum_parts(self, node, 0)

    def lower(self, node: Node) -> list[Call]:
        w, bias, _, multiplier = self.parts(node)
        zero = self.scalar(node, "x_zero")
        return self._call(node, w, bias, zero, multiplier, **self.rounding(node))

    def error(self, node: Node, x: Arrays, real: Array) -> Array:
        _, _, missed, multiplier = self.parts(node)
        column = (-1,) + (1,) * (real.ndim - 2)
        return np.asarray(super().error(node, x, real) + (missed * multiplier).reshape(column))


class ConvInteger(_Convolution):
    op_types = ("ConvInteger",)
    kernels = (q_conv2d, q_matmul)
    attributes = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    dtypes = QUANTISED
    constant_inputs = (1, 2, 3)
    note = "1-D and 2-D"

    def check(self, node: Node) -> None:
        self._check_shape(node, node.const(1, "weights"))
        w, x_zero = self._parts(node)
        fold_zero(node, w, np.zeros(w.shape[0], np.int64), x_zero)

    def _parts(self, node: Node) -> tuple[Array, int]:
        """The weights without zero point, and the zero point of x."""
        w = node.const(1, "weights")
        zero = node.const(3, "zero point") if node.has(3) else np.zeros((), w.dtype)
        x_zero = int(node.const(2, "zero point").ravel()[0]) if node.has(2) else 0
        column = (-1,) + (1,) * (w.ndim - 1)
        if zero.size not in (1, w.shape[0]):
            raise node.refuse(f"{zero.size} zero points for {w.shape[0]} channels")
        return centred(w, zero.reshape(column) if zero.size > 1 else zero.reshape(())), x_zero

    def lower(self, node: Node) -> list[Call]:
        w, x_zero = self._parts(node)
        return self._call(node, w, np.zeros(w.shape[0], np.int64), x_zero, None)
