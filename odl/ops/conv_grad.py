"""ai.odl.ConvGradWeight: the gradient of a Conv with respect to its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from odl.ops.body import body
from odl.ops.conv_tilings import grad_weight
from odl.ops.matmul import matmul, matmul_args
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.planes import (
    SEGMENTS,
    Planes,
    conv2d_planes_depthwise_grad_weight,
    conv2d_planes_grad_weight,
    even,
    make_planes,
    planes,
    sums_columns,
)
from odl.ops.reference import evaluate
from odl.ops.tilings import tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel

BLOCK, TEAM = 4, 8
"""Rows and columns of a block that is summed up at the same time, and cores that share blocks."""


def weight_slope(
    x: npt.NDArray[np.float32],
    dy: npt.NDArray[np.float32],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
) -> npt.NDArray[np.float32]:
    """Sum of products with shifted images: x is [batch, groups, in, h, w], dy has `out` for `in`.

    Returns:
        [groups, out, in, kh, kw]
    """
    in_hw, out_hw = x.shape[3:], dy.shape[3:]
    reach = [(o - 1) * s + 1 for o, s in zip(out_hw, stride, strict=True)]
    need = [r + (k - 1) * d for r, k, d in zip(reach, size, dilation, strict=True)]
    room = [(p, max(0, n - s - p)) for p, n, s in zip(pad, need, in_hw, strict=True)]
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), *room))
    out = np.zeros((x.shape[1], dy.shape[2], x.shape[2], *size), np.float32)
    for i, j in np.ndindex(*size):
        top, left = i * dilation[0], j * dilation[1]
        part = padded[..., top : top + reach[0] : stride[0], left : left + reach[1] : stride[1]]
        out[..., i, j] = np.einsum("bgohw,bgchw->goc", dy, part, optimize=True)
    return out


@tiled(grad_weight)
@kernel
def conv2d_grad_weight(
    x: In,
    dy: In,
    dw: Out,
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
) -> None:
    """dw[o, c, i, j] = sum over images and positions of dy[b, o, p] * x[b, c, tap i, j of p]."""
    v = wide(x[: batch * in_c * product(in_hw)]).reshape(batch, groups, -1, *in_hw)
    g = wide(dy[: batch * out_c * product(out_hw)]).reshape(batch, groups, -1, *out_hw)
    out = weight_slope(v, g, size, stride, dilation, pad)
    dw[: out.size] = out.ravel()


def _by_rows(args: dict[str, Any], is_padded: bool) -> bool:
    """Whether rows of taps stand side by side in blocks: where channels are few, or where a team
    shares such blocks more evenly, unless rows have to be added for that."""
    groups, (rows, columns) = args["groups"], args["size"]
    in_group, out_group = args["in_c"] // groups, args["out_c"] // groups
    if in_group < min(BLOCK, rows):
        return True
    each = groups * columns * -(-out_group // BLOCK)
    by_channels, by_rows = (-(-each * n // TEAM) for n in (rows * -(-in_group // BLOCK), in_group))
    return not is_padded and rows < BLOCK and bool(by_rows * rows < by_channels * BLOCK)


def _is_plain(args: dict[str, Any]) -> bool:
    """Whether each element of dy meets the one at its own place in x."""
    steps = zip(args["stride"], args["out_hw"], strict=True)
    moves = any(pad for pad in args["pad"]) or any(s > 1 and n > 1 for s, n in steps)
    return bool(args["size"] == (1, 1) and args["in_hw"] == args["out_hw"] and not moves)


class ConvGradWeight(Operator):
    """Inputs x [batch, in_c, ...] and dy [batch, out_c, ...], as of a Conv in 1-D or 2-D.

    A Conv with its axes exchanged: channels are the batch and the batch is summed over, the
    output's gradient slides over the input, strides and dilations change places.
    """

    op_types = ("ai.odl.ConvGradWeight",)
    kernels = (
        conv2d_grad_weight, matmul, planes, conv2d_planes_grad_weight,
        conv2d_planes_depthwise_grad_weight,
    )  # fmt: skip
    dtypes = FLOATS
    attributes = ("dilations", "group", "kernel_shape", "pads", "strides")
    note = "gradient of Conv"

    def function(self) -> onnx.FunctionProto:
        return body("""
            ConvGradWeight <dilations, group, kernel_shape, pads, strides> (x, dy) => (dw) {
                one = Constant <value_ints = [1]> ()
                rest = Constant <value_ints = [-1]> ()
                groups_scalar = Constant <value_int: int = @group> ()
                groups = Reshape (groups_scalar, one)
                batch = Shape <start = 0, end = 1> (x)
                in_c = Shape <start = 1, end = 2> (x)
                in_group = Div (in_c, groups)
                x_plane = Shape <start = 2> (x)
                x_split = Concat <axis = 0> (batch, groups, in_group, rest)
                x_by_group = Reshape (x, x_split)
                x_turned = Transpose <perm = [2, 1, 0, 3]> (x_by_group)
                x_shape = Concat <axis = 0> (in_group, rest, x_plane)
                x_exchanged = Reshape (x_turned, x_shape)
                out_c = Shape <start = 1, end = 2> (dy)
                dy_plane = Shape <start = 2> (dy)
                dy_flat_shape = Concat <axis = 0> (batch, out_c, rest)
                dy_flat = Reshape (dy, dy_flat_shape)
                dy_turned = Transpose <perm = [1, 0, 2]> (dy_flat)
                dy_shape = Concat <axis = 0> (out_c, batch, dy_plane)
                dy_exchanged = Reshape (dy_turned, dy_shape)
                products = Conv <dilations: ints = @strides, group: int = @group,
                                 pads: ints = @pads, strides: ints = @dilations>
                           (x_exchanged, dy_exchanged)
                kernel = Constant <value_ints: ints = @kernel_shape> ()
                channels = Concat <axis = 0> (in_group, out_c)
                ends = Concat <axis = 0> (channels, kernel)
                starts = Sub (ends, ends)
                taps = Slice (products, starts, ends)
                flat_shape = Concat <axis = 0> (channels, rest)
                flat = Reshape (taps, flat_shape)
                turned = Transpose <perm = [1, 0, 2]> (flat)
                w_shape = Concat <axis = 0> (out_c, in_group, kernel)
                dw = Reshape (turned, w_shape)
            }""")

    def arguments(self, node: Node) -> dict[str, Any]:
        """The kernel's arguments."""
        rank = len(node.shape()) - 2
        (batch, in_c), out_c = node.shape()[:2], node.shape(1)[1]
        one, zero = (1,) * rank, (0,) * (2 * rank)
        args: dict[str, Any] = {
            "x": node.input(0),
            "dy": node.input(1),
            "dw": node.output(),
            "batch": batch,
            "groups": node.attr("group", 1),
            "in_c": in_c,
            "in_hw": (1, *node.shape()[2:])[-2:],
            "out_c": out_c,
            "out_hw": (1, *node.shape(1)[2:])[-2:],
            "size": (1, *node.attr("kernel_shape", one))[-2:],
            "stride": (1, *node.attr("strides", one))[-2:],
            "dilation": (1, *node.attr("dilations", one))[-2:],
            "pad": (0, *node.attr("pads", zero)[:rank])[-2:],
        }
        if _is_plain(args):  # one long row
            args["in_hw"] = args["out_hw"] = (1, product(node.shape()[2:]))
            args["stride"] = (1, 1)
        return args

    def lower(self, node: Node) -> list[Call]:
        return [Call(conv2d_grad_weight, str(node.dtype()), self.arguments(node))]

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        args = self.arguments(node)
        if _is_plain(args) and args["batch"] == args["groups"] == 1:
            return [lambda: self._product(node, args), *super().forms(node)]
        if node.sums_in_single and args["batch"] * min(args["out_hw"]) > SEGMENTS:
            return super().forms(node)
        return [lambda: self._by_planes(node, args), *super().forms(node)]

    def _product(self, node: Node, args: dict[str, Any]) -> list[Call]:
        """dw = dy x^T."""
        k, n = product(args["in_hw"]), args["in_c"]
        pair = {"a": args["dy"], "b": args["x"], "y": args["dw"], "b_stride": (1, k)}
        return [Call(matmul, str(node.dtype()), matmul_args(args["out_c"], k, n, **pair))]

    def _by_planes(self, node: Node, args: dict[str, Any]) -> list[Call]:
        """Channels stand side by side in blocks; where they are few, rows of taps do."""
        in_hw, out_hw, size = args["in_hw"], args["out_hw"], args["size"]
        stride, dilation, pad = args["stride"], args["dilation"], args["pad"]
        groups, in_c = args["groups"], args["in_c"]
        is_lone = sums_columns(groups, in_c, args["batch"], out_hw, size)
        is_lone = is_lone and not node.sums_in_single
        body = conv2d_planes_depthwise_grad_weight if is_lone else conv2d_planes_grad_weight
        rows = (out_hw[0] - 1) * stride[0] + (size[0] - 1) * dilation[0] + 1
        by_rows = _by_rows(args, pad[0] > 0 or rows > in_hw[0])
        width, top = even(out_hw[1]), pad[0] if by_rows else 0
        reach = width + (size[1] - 1) * dilation[1] // stride[1]
        x, dy = Planes(args["x"], [], *in_hw), Planes(args["dy"], [], *out_hw)
        if width != out_hw[1] and not is_lone:
            dy = make_planes(node, 1, hw=out_hw, left=0, pitch=width)
        is_tall = by_rows and (top or rows > in_hw[0])
        if stride[1] > 1 or pad[1] or reach > in_hw[1] or is_tall:
            x = make_planes(
                node, 0, hw=in_hw, left=pad[1], pitch=even(reach), phases=stride[1],
                rows=(max(rows, top + in_hw[0]), top) if by_rows else None,
            )  # fmt: skip
        made = {
            **{k: v for k, v in args.items() if k not in ("in_hw", "pad")},
            "x": x.ref,
            "dy": dy.ref,
            "in_rows": x.rows,
            "pitch": x.pitch,
            "dy_pitch": dy.pitch,
            "begin": (top - pad[0], 0),
            "by_rows": int(by_rows),
        }
        fields = {name: made[name] for name in conv2d_planes_grad_weight.fields}
        call = Call(body, str(node.dtype()), fields)
        return [*x.calls, *dy.calls, call]

    def macs(self, node: Node) -> int:
        return node.size() * node.shape(1)[0] * product(node.shape(1)[2:])

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        terms = node.shape(1)[0] * product(node.shape(1)[2:])
        return [gamma(terms + 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]
