"""Conv in one and two dimensions: direct, depthwise, or a plain product where the kernel is 1x1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops import conv_tilings, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.linear import Applied, Convolution, Linear
from odl.ops.matmul import matmul, matmul_args
from odl.ops.node import Node
from odl.ops.operator import HALF_SUM, Arrays, Operator, gamma, product
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
from odl.ops.tilings import tiled
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, ended, wide
from odl.ops.windows import Window, check_channels, window
from odl.program import Call, In, Kernel, Out, kernel


def convolved(
    x: npt.NDArray[np.float32],
    w: npt.NDArray[np.float32],
    out_hw: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    groups: int,
) -> npt.NDArray[np.float32]:
    """Sum of shifted products; x is [batch, in_c, h, w], w is [out_c, in_c / groups, kh, kw]."""
    batch, in_c = x.shape[:2]
    reach = [(o - 1) * s + 1 for o, s in zip(out_hw, stride, strict=True)]
    need = [r + (k - 1) * d for r, k, d in zip(reach, w.shape[2:], dilation, strict=True)]
    room = [(p, max(0, n - s - p)) for p, n, s in zip(pad, need, x.shape[2:], strict=True)]
    xp = np.pad(x, ((0, 0), (0, 0), *room)).reshape(
        batch,
        groups,
        in_c // groups,
        *(s + a + b for s, (a, b) in zip(x.shape[2:], room, strict=True)),
    )
    wg = w.reshape(groups, -1, *w.shape[1:])
    y = np.zeros((batch, groups, wg.shape[1], *out_hw), np.float32)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            top, left = i * dilation[0], j * dilation[1]
            part = xp[..., top : top + reach[0] : stride[0], left : left + reach[1] : stride[1]]
            y += np.einsum("bgchw,goc->bgohw", part, wg[..., i, j], optimize=True)
    return y.reshape(batch, -1, *out_hw)


@tiled(conv_tilings.conv)
@kernel
def conv2d(
    x: In,
    w: In,
    bias: In | None,
    addend: In | None,
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
    relu: int,
) -> None:
    """NCHW convolution; w is [out_c, in_c / groups, size], pad is (top, left).

    An addend stands as y does; relu makes 0 of what is negative.
    """
    v = wide(x[: batch * in_c * in_hw[0] * in_hw[1]]).reshape(batch, in_c, *in_hw)
    weights = wide(w[: out_c * (in_c // groups) * size[0] * size[1]]).reshape(out_c, -1, *size)
    out = convolved(v, weights, out_hw, stride, dilation, pad, groups)
    if bias is not None:
        out = out + wide(bias[:out_c, None, None])
    added = None if addend is None else addend[: out.size]
    y[: out.size] = ended(out, added, relu).ravel()


conv2d_depthwise = Kernel("conv2d_depthwise", conv2d.run, conv_tilings.conv)


class Conv(Operator):
    op_types = ("Conv",)
    kernels = (
        conv2d, conv2d_depthwise, matmul, planes, conv2d_planes, conv2d_planes_depthwise,
    )  # fmt: skip
    dtypes = FLOATS
    attributes = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    with_addend, with_relu = "ai.odl.ConvAdd", "ai.odl.ConvRelu"
    note = "1-D and 2-D"

    def check(self, node: Node) -> None:
        rank = len(node.shape(0)) - 2
        if rank not in (1, 2):
            raise node.refuse(f"{rank} spatial dimensions", "supported: 1 and 2")
        check_channels(node, node.shape(1))
        if tuple(node.attr("kernel_shape", node.shape(1)[2:])) != node.shape(1)[2:]:
            raise node.refuse("kernel_shape is not the weights' shape")
        self._window(node)

    def _window(self, node: Node) -> Window:
        return window(node, node.shape(1)[2:]).padded_to(2)

    def spelled(self, node: Node, adds: bool) -> dict[str, Any] | None:
        g = window(node, node.shape(1)[2:])
        if adds and node.attr("group", 1) == node.shape()[1] > 1:
            return None
        return {
            "dilations": g.dilation,
            "group": node.attr("group", 1),
            "kernel_shape": g.size,
            "pads": (*g.pad, *g.end),
            "strides": g.stride,
        }

    def channels_last(self, node: Node) -> tuple[str, dict[str, Any]] | None:
        (_, in_c, *image), (out_c, _, *size) = node.shape(), node.shape(1)
        is_lone = node.attr("group", 1) == in_c == out_c and product(tuple(size)) <= HALF_SUM
        attributes = self.spelled(node, adds=False)
        if len(image) != 2 or attributes is None or not (is_lone or self._is_pointwise(node)):
            return None
        return "ai.odl.ConvHWC", attributes

    def arguments(self, node: Node) -> dict[str, Any]:
        """The kernel's arguments."""
        (batch, in_c), out_c = node.shape(0)[:2], node.shape(1)[0]
        geometry = self._window(node)
        return {
            "x": node.input(0),
            "w": node.input(1),
            "bias": node.optional(2),
            "addend": None,
            "y": node.output(),
            "batch": batch,
            "groups": node.attr("group", 1),
            "in_c": in_c,
            "in_hw": (1, *node.shape(0)[2:])[-2:],
            "out_c": out_c,
            "out_hw": (1, *node.out_shape()[2:])[-2:],
            "size": geometry.size,
            "stride": geometry.stride,
            "dilation": geometry.dilation,
            "pad": geometry.pad,
            "relu": 0,
        }

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "weight", 2: "bias"}

    def linear(self, node: Node, i: int) -> Linear | None:
        if i != 1:
            return None
        g, groups = window(node, node.shape(1)[2:]), node.attr("group", 1)
        out_c, channels, *taps = node.shape(1)
        return Convolution(
            groups, out_c // groups, channels, tuple(taps), 2 if node.has(2) else None,
            pads=(*g.pad, *g.end), strides=g.stride, dilations=g.dilation,
        )  # fmt: skip

    def applied(self, node: Node) -> Applied | None:
        if node.attr("group", 1) != 1:
            return None
        rows, *columns = node.shape(1)
        g = () if self._is_pointwise(node) else (self._window(node),)
        return Applied(rows, product(tuple(columns)), turned=True, window=g)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """dx is a ConvTranspose with the same weights, dw a Conv of x with dy."""
        g, w = b.dy(), window(node, node.shape(1)[2:])
        same: dict[str, Any] = {
            "strides": w.stride,
            "dilations": w.dilation,
            "group": node.attr("group", 1),
        }
        same |= {"pads": (*w.pad, *w.end), "kernel_shape": w.size}
        dw = db = dx = None
        if b.wants(1):
            dw = b.term("ai.odl.ConvGradWeight", b.x(), g, like=b.x(1), **same)
        if b.wants(2):
            db = g.sum([0, *range(2, len(g.shape))])
        if b.wants(0):
            dx = self.dx(b, node, w, b.x(1), same)
        return [dx, dw, db]

    def dx(self, b: Backward, node: Node, w: Window, weights: Term, same: dict[str, Any]) -> Term:
        """A ConvTranspose; of a depthwise Conv without stride, a Conv with turned weights."""
        lone = node.attr("group", 1) == node.shape()[1] == node.shape(1)[0]
        reach = [(k - 1) * d for k, d in zip(w.size, w.dilation, strict=True)]
        pads = [r - p for r, p in zip((*reach, *reach), (*w.pad, *w.end), strict=True)]
        if lone and all(s == 1 for s in w.stride) and min(pads) >= 0:
            rank = len(w.size)
            ends = [b.ints(v) for v in ([-1] * rank, [-(2**31)] * rank, range(2, 2 + rank))]
            turned = b.term("Slice", weights, *ends, b.ints([-1] * rank))
            return b.term("Conv", b.dy(), turned, **{**same, "pads": pads})
        uncovered = [  # behind the last window
            n - (s * (o - 1) + r + 1 - p - e)
            for n, o, s, r, p, e in zip(
                node.shape()[2:], node.out_shape()[2:], w.stride, reach, w.pad, w.end, strict=True
            )
        ]
        return b.term("ConvTranspose", b.dy(), weights, **same, output_padding=uncovered)

    def lower(self, node: Node) -> list[Call]:
        if self._is_pointwise(node):
            return self._pointwise(node)
        groups = node.attr("group", 1)
        body = conv2d_depthwise if groups == node.shape()[1] and groups > 1 else conv2d
        return [Call(body, str(node.dtype()), self.arguments(node))]

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        g = self._window(node)
        if self._is_pointwise(node) or not may_convolve(node, g.size, g.stride[1]):
            return super().forms(node)
        return [lambda: self._by_planes(node), *super().forms(node)]

    def _by_planes(self, node: Node) -> list[Call]:
        g, hw = self._window(node), (1, *node.shape()[2:])[-2:]
        out_hw, size, made = (1, *node.out_shape()[2:])[-2:], g.size, Planes(node.input(0), [], *hw)
        (batch, in_c), (out_c, in_group) = node.shape()[:2], node.shape(1)[:2]
        groups, taps = node.attr("group", 1), product(size)
        body = planes_kernel(node, taps)
        reach = out_hw[1] + (size[1] - 1) * g.dilation[1] // g.stride[1]
        need = (out_hw[0] - 1) * g.stride[0] + (size[0] - 1) * g.dilation[0] + 1
        is_tall, top = body is conv2d_planes_depthwise and need > hw[0], g.pad[0]
        if g.stride[1] > 1 or g.pad[1] or reach > hw[1] or is_tall:
            rows = (need, top) if is_tall else (hw[0], 0)
            made = make_planes(
                node, 0, hw=hw, left=g.pad[1], pitch=even(reach), phases=g.stride[1], rows=rows
            )
            top -= rows[1]
        args: dict[str, Any] = {
            "x": made.ref,
            "w": node.input(1),
            "bias": node.optional(2),
            "addend": None,
            "y": node.output(),
            "batch": batch,
            "groups": groups,
            "in_c": in_c,
            "in_rows": made.rows,
            "pitch": made.pitch,
            "out_c": out_c,
            "out_hw": out_hw,
            "size": size,
            "stride": g.stride,
            "dilation": g.dilation,
            "begin": (-top, 0),
            "w_begin": 0,
            "w_stride": (out_c // groups * in_group * taps, in_group * taps, taps, size[1], 1),
            "y_stride": (product(out_hw), out_hw[1], 1),
            "relu": 0,
        }
        args |= derived(args)
        return [*made.calls, Call(body, str(node.dtype()), args)]

    def _is_pointwise(self, node: Node) -> bool:
        g = self._window(node)
        plain = all(v == 1 for v in g.size + g.stride) and not any(g.pad + g.end)
        return plain and node.attr("group", 1) == 1

    def _pointwise(self, node: Node) -> list[Call]:
        """y[t] = w x[t]: rows are output channels, columns are positions."""
        batch, in_c, *spatial = node.shape(0)
        out_c, n = node.shape(1)[0], int(np.prod(spatial))
        args = matmul_args(
            out_c,
            in_c,
            n,
            a=node.input(1),
            b=node.input(0),
            bias=node.optional(2),
            y=node.output(),
            bias_stride=(1, 0),
            batch=strides.fill((batch,), 1),
            b_batch=strides.fill((in_c * n,), 0),
        )
        return [Call(matmul, str(node.dtype()), args)]

    def macs(self, node: Node) -> int:
        return node.size() * int(np.prod(node.shape(1)[1:]))

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        k = int(np.prod(node.shape(1)[1:]))
        return [gamma(k + len(x) - 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]
