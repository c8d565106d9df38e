"""ConvTranspose in one to three dimensions: each output element sums the taps that reach it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from odl.ops import strides
from odl.ops.backward import Backward, Gradients
from odl.ops.linear import Applied
from odl.ops.matmul import matmul, matmul_args
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.planes import (
    Planes,
    conv2d_planes,
    conv2d_planes_depthwise,
    even,
    make_planes,
    may_convolve,
    planes,
    planes_kernel,
)
from odl.ops.planes_tilings import derived
from odl.ops.reference import evaluate
from odl.ops.wide import FLOATS, ended, wide
from odl.program import Call, In, Out, kernel


@kernel
def conv_transpose(
    x: In,
    w: In,
    bias: In | None,
    addend: In | None,
    y: Out,
    batch: int,
    groups: int,
    in_c: int,
    in_dhw: tuple[int, ...],
    out_c: int,
    out_dhw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    relu: int,
) -> None:
    """Transposed NCDHW convolution; w is [in_c, out_c / groups, size], pad is cut off in front.

    An addend stands as y does; relu makes 0 of what is negative.
    """
    out_group = out_c // groups
    image = wide(x[: batch * in_c * product(in_dhw)]).reshape(batch, groups, -1, *in_dhw)
    weights = wide(w[: in_c * out_group * product(size)]).reshape(groups, -1, out_group, *size)
    walks = list(zip(in_dhw, stride, dilation, strict=True))
    room = [
        max((n - 1) * s + (k - 1) * d + 1, p + m)
        for (n, s, d), k, p, m in zip(walks, size, pad, out_dhw, strict=True)
    ]
    every = (slice(None),) * 3
    full = np.zeros((batch, groups, out_group, *room), np.float32)
    for tap in np.ndindex(*size):
        part = np.einsum("bgidhw,gio->bgodhw", image, weights[every + tap])
        reach = tuple(
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, (n, s, d) in zip(tap, walks, strict=True)
        )
        full[every + reach] += part
    cut = tuple(slice(p, p + m) for p, m in zip(pad, out_dhw, strict=True))
    out = full[every + cut].reshape(batch, out_c, *out_dhw)
    if bias is not None:
        out = out + wide(bias[:out_c, None, None, None])
    added = None if addend is None else addend[: out.size]
    y[: out.size] = ended(out, added, relu).ravel()


@dataclass(frozen=True)
class Turned:
    """Along one axis, the convolution that gives each `stride`-th element of the result."""

    count: int
    """Elements of the result."""
    taps: int
    last: int
    """The tap that meets the first input: from it, each `step`-th one is taken, backwards."""
    step: int
    begin: int
    """The input that meets the first element."""
    dilation: int

    @property
    def reach(self) -> int:
        return self.count + (self.taps - 1) * self.dilation if self.taps else 0


def turned(phase: int, stride: int, dilation: int, pad: int, size: int, out: int) -> Turned:
    """Of the elements phase, phase + stride, ... of a result that has `out` of them."""
    count = -(-(out - phase) // stride)
    met = [i for i in range(size) if (phase + pad - i * dilation) % stride == 0]
    common = math.gcd(stride, dilation)
    if not met:
        return Turned(count, 0, 0, 1, 0, 1)
    begin = (phase + pad - met[-1] * dilation) // stride
    return Turned(count, len(met), met[-1], stride // common, begin, dilation // common)


class ConvTranspose(Operator):
    op_types = ("ConvTranspose",)
    kernels = (conv_transpose, matmul, planes, conv2d_planes, conv2d_planes_depthwise)
    attributes = (
        "auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads",
        "strides",
    )  # fmt: skip
    dtypes = FLOATS
    with_addend, with_relu = "ai.odl.ConvTransposeAdd", "ai.odl.ConvTransposeRelu"
    note = "1-D, 2-D and 3-D"

    def check(self, node: Node) -> None:
        rank = len(node.shape(0)) - 2
        if rank not in (1, 2, 3):
            raise node.refuse(f"{rank} spatial dimensions", "supported: 1 to 3")
        groups, in_c = node.attr("group", 1), node.shape(0)[1]
        if groups < 1 or in_c % groups or node.shape(1)[0] != in_c:
            raise node.refuse(
                f"{groups} groups of weights for {node.shape(1)[0]} channels, the input has {in_c}"
            )
        if tuple(node.attr("kernel_shape", node.shape(1)[2:])) != node.shape(1)[2:]:
            raise node.refuse("kernel_shape is not the weights' shape")

        if len(node.out_shape()) != rank + 2:  # so far goes ONNX's shape inference
            raise node.refuse("an output_shape that is smaller than the input")

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "weight", 2: "bias"}

    def applied(self, node: Node) -> Applied | None:
        spelled = self.spelled(node, adds=False)
        if spelled is None or spelled["group"] != 1:
            return None
        rows, *columns = node.shape(1)
        g = () if self._is_pointwise(node) else tuple(sorted(spelled.items()))
        return Applied(rows, product(tuple(columns)), turned=False, window=g)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """dx is a Conv with the same weights; of dw, x and dy change places."""
        size, dy = node.shape(1)[2:], b.dy()
        rank = len(size)
        stride, dilation = node.attr("strides", (1,) * rank), node.attr("dilations", (1,) * rank)
        begin = self._pad(node, stride, dilation)
        spans = zip(
            node.shape()[2:], size, stride, dilation, begin, node.out_shape()[2:], strict=True
        )
        end = [max(0, s * (n - 1) + (k - 1) * d + 1 - m - p) for n, k, s, d, p, m in spans]
        same: dict[str, Any] = {"strides": stride, "dilations": dilation, "pads": (*begin, *end)}
        same |= {"group": node.attr("group", 1), "kernel_shape": size}
        dx = dw = db = None
        if b.wants(0):
            dx = b.term("Conv", dy, b.x(1), **same)
        if b.wants(1):
            if rank > 2:
                raise node.refuse("the gradient of its weights in 3-D", "1-D or 2-D")
            dw = b.term("ai.odl.ConvGradWeight", dy, b.x(), like=b.x(1), **same)
        if b.wants(2):
            db = dy.sum([0, *range(2, rank + 2)])
        return [dx, dw, db]

    def spelled(self, node: Node, adds: bool) -> dict[str, Any] | None:
        if "output_shape" in node.ir.attributes or node.attr("auto_pad", "NOTSET") != "NOTSET":
            return None
        size, rank = node.shape(1)[2:], len(node.shape()) - 2
        if adds and not self._is_pointwise(node):
            return None
        return {
            "dilations": node.attr("dilations", (1,) * rank),
            "group": node.attr("group", 1),
            "kernel_shape": size,
            "output_padding": node.attr("output_padding", (0,) * rank),
            "pads": node.attr("pads", (0,) * (2 * rank)),
            "strides": node.attr("strides", (1,) * rank),
        }

    def _pad(self, node: Node, stride: tuple[int, ...], dilation: tuple[int, ...]) -> list[int]:
        """The padding before each axis, by the formulas of ONNX's ConvTranspose."""
        rank = len(stride)
        auto, shaped = node.attr("auto_pad", "NOTSET"), "output_shape" in node.ir.attributes
        if auto == "VALID" and not shaped:
            return [0] * rank
        if auto in ("NOTSET", "VALID") and not shaped:
            return list(node.attr("pads", (0,) * (2 * rank))[:rank])
        if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
            raise node.refuse(
                f"auto_pad '{auto}'", "supported: NOTSET, VALID, SAME_UPPER, SAME_LOWER"
            )
        extra = node.attr("output_padding", (0,) * rank)
        pad = []
        for n, k, s, d, e, m in zip(
            node.shape()[2:], node.shape(1)[2:], stride, dilation, extra, node.out_shape()[2:],
            strict=True,
        ):  # fmt: skip
            total = max(0, s * (n - 1) + e + (k - 1) * d + 1 - m)
            pad.append(total // 2 if auto == "SAME_UPPER" else total - total // 2)
        return pad

    def _is_pointwise(self, node: Node) -> bool:
        hw, one = node.shape()[2:], (1,) * (len(node.shape()) - 2)
        steps = node.attr("strides", one)
        moves = any(self._pad(node, steps, node.attr("dilations", one)))
        moves |= any(s > 1 and n > 1 for s, n in zip(steps, hw, strict=True))
        is_plain = product(node.shape(1)[2:]) == 1 and hw == node.out_shape()[2:] and not moves
        return is_plain and node.attr("group", 1) == 1

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        size = (1, *node.shape(1)[2:])[-2:]
        by_planes = len(node.shape()) <= 4 and may_convolve(node, size, 1)
        if self._is_pointwise(node) or not by_planes:
            return super().forms(node)
        return [lambda: self._by_planes(node), *super().forms(node)]

    def lower(self, node: Node) -> list[Call]:
        (batch, in_c), groups = node.shape(0)[:2], node.attr("group", 1)
        rank = len(node.shape()) - 2
        stride, dilation = node.attr("strides", (1,) * rank), node.attr("dilations", (1,) * rank)
        pad = self._pad(node, stride, dilation)
        if self._is_pointwise(node):
            return self._pointwise(node, product(node.shape()[2:]))
        args = {
            "x": node.input(0),
            "w": node.input(1),
            "bias": node.optional(2),
            "addend": None,
            "y": node.output(),
            "batch": batch,
            "groups": groups,
            "in_c": in_c,
            "in_dhw": (1, 1, *node.shape(0)[2:])[-3:],
            "out_c": node.out_shape()[1],
            "out_dhw": (1, 1, *node.out_shape()[2:])[-3:],
            "size": (1, 1, *node.shape(1)[2:])[-3:],
            "stride": (1, 1, *stride)[-3:],
            "dilation": (1, 1, *dilation)[-3:],
            "pad": (0, 0, *pad)[-3:],
            "relu": 0,
        }
        return [Call(conv_transpose, str(node.dtype()), args)]

    def _by_planes(self, node: Node) -> list[Call]:
        """A convolution for each phase of rows and columns, with the taps that meet it, turned."""
        one = (1,) * (len(node.shape()) - 2)
        stride, dilation = node.attr("strides", one), node.attr("dilations", one)
        hw, out_hw = (1, *node.shape()[2:])[-2:], (1, *node.out_shape()[2:])[-2:]
        size = (1, *node.shape(1)[2:])[-2:]
        steps, gaps = (1, *stride)[-2:], (1, *dilation)[-2:]
        pad = (0, *self._pad(node, stride, dilation))[-2:]
        rows, columns = (
            [turned(f, *axis) for f in range(min(axis[0], axis[-1]))]
            for axis in zip(steps, gaps, pad, size, out_hw, strict=True)
        )
        left = max(0, *(-c.begin for c in columns if c.taps))
        reach = max(left + c.begin + c.reach for c in columns)
        made = Planes(node.input(0), [], *hw)
        if left or reach > hw[1]:
            made = make_planes(node, 0, hw=hw, left=left, pitch=even(reach))
        (batch, in_c), out_group, groups = node.shape()[:2], node.shape(1)[1], node.attr("group", 1)
        taps, kind, y = product(size), node.dtype(), node.output()
        calls = made.calls
        for (f, r), (g, c) in itertools.product(enumerate(rows), enumerate(columns)):
            args: dict[str, Any] = {
                "x": made.ref,
                "w": node.input(1),
                "bias": node.optional(2),
                "addend": None,
                "y": replace(y, offset=(f * out_hw[1] + g) * kind.size),
                "batch": batch,
                "groups": groups,
                "in_c": in_c,
                "in_rows": made.rows,
                "pitch": made.pitch,
                "out_c": out_group * groups,
                "out_hw": (r.count, c.count),
                "size": (r.taps, c.taps) if r.taps and c.taps else (0, 0),
                "stride": (1, 1),
                "dilation": (r.dilation, c.dilation),
                "begin": (r.begin, left + c.begin),
                "w_begin": r.last * size[1] + c.last,
                "w_stride": (
                    in_c // groups * out_group * taps,
                    taps,
                    out_group * taps,
                    -r.step * size[1],
                    -c.step,
                ),
                "y_stride": (product(out_hw), steps[0] * out_hw[1], steps[1]),
                "relu": 0,
            }
            args |= derived(args)
            calls.append(Call(planes_kernel(node, taps), str(kind), args))
        return calls

    def _pointwise(self, node: Node, points: int) -> list[Call]:
        """y[t] = w^T x[t]: rows are output channels, columns are positions."""
        (batch, in_c), out_c = node.shape(0)[:2], node.out_shape()[1]
        args = matmul_args(
            out_c,
            in_c,
            points,
            a=node.input(1),
            b=node.input(0),
            bias=node.optional(2),
            y=node.output(),
            a_stride=(1, out_c),
            bias_stride=(1, 0),
            batch=strides.fill((batch,), 1),
            b_batch=strides.fill((in_c * points,), 0),
        )
        return [Call(matmul, str(node.dtype()), args)]

    def macs(self, node: Node) -> int:
        """Of the whole scattered image; what falls into the padding is not computed."""
        return int(np.prod(node.shape(0))) * int(np.prod(node.shape(1)[1:]))

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        k = int(np.prod(node.shape(1)[2:])) * (node.shape(0)[1] // node.attr("group", 1))
        return [gamma(k + len(x) - 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]
