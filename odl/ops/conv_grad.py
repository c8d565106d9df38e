"""ai.odl.ConvGradWeight: the gradient of a Conv with respect to its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from odl.ops.body import body
from odl.ops.conv_tilings import grad_weight
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.reference import evaluate
from odl.ops.tilings import tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel


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
    reach = [(o - 1) * s + 1 for o, s in zip(out_hw, stride, strict=True)]
    need = [r + (k - 1) * d for r, k, d in zip(reach, size, dilation, strict=True)]
    room = [(p, max(0, n - s - p)) for p, n, s in zip(pad, need, in_hw, strict=True)]
    padded = np.pad(v, ((0, 0), (0, 0), (0, 0), *room))
    out = np.zeros((groups, out_c // groups, in_c // groups, *size), np.float32)
    for i, j in np.ndindex(*size):
        top, left = i * dilation[0], j * dilation[1]
        part = padded[..., top : top + reach[0] : stride[0], left : left + reach[1] : stride[1]]
        out[..., i, j] = np.einsum("bgohw,bgchw->goc", g, part, optimize=True)
    dw[: out.size] = out.ravel()


class ConvGradWeight(Operator):
    """Inputs x [batch, in_c, ...] and dy [batch, out_c, ...], as of a Conv in 1-D or 2-D.

    A Conv with its axes exchanged: channels are the batch and the batch is summed over, the
    output's gradient slides over the input, strides and dilations change places.
    """

    op_types = ("ai.odl.ConvGradWeight",)
    kernels = (conv2d_grad_weight,)
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

    def lower(self, node: Node) -> list[Call]:
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
        if args["size"] == (1, 1) and args["in_hw"] == args["out_hw"]:  # one long row
            args["in_hw"] = args["out_hw"] = (1, product(node.shape()[2:]))
        return [Call(conv2d_grad_weight, str(node.dtype()), args)]

    def macs(self, node: Node) -> int:
        return node.size() * node.shape(1)[0] * product(node.shape(1)[2:])

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        terms = node.shape(1)[0] * product(node.shape(1)[2:])
        return [gamma(terms + 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]
