"""ai.odl.ConvHWC and its gradients: pointwise and depthwise Conv of images [batch, h, w, channels].

Channels stand side by side, so that a position's are a row of a matrix. Weights are as Conv has
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper

from odl.ops.backward import Backward, Gradients
from odl.ops.body import body
from odl.ops.conv_grad import ConvGradWeight
from odl.ops.conv_hwc_kernels import (
    TO_CHW,
    TO_HWC,
    conv2d_hwc_depthwise,
    conv2d_hwc_depthwise_grad_weight,
)
from odl.ops.linear import Applied, Linear, Product
from odl.ops.matmul import matmul, matmul_args
from odl.ops.node import Node
from odl.ops.operator import HALF_SUM, Arrays, Operator, gamma, product
from odl.ops.reference import evaluate
from odl.ops.transpose import copy, copy_call
from odl.ops.weave import Term
from odl.ops.wide import FLOATS
from odl.ops.windows import Window
from odl.program import Call, Ref

Ints = tuple[int, ...]

WINDOW = ("dilations", "group", "kernel_shape", "pads", "strides")


@dataclass(frozen=True)
class _Sizes:
    """What is convolved, to what, and by which window."""

    batch: int
    groups: int
    in_c: int
    in_hw: Ints
    out_c: int
    out_hw: Ints
    window: Window

    @property
    def is_pointwise(self) -> bool:
        w = self.window
        plain = all(v == 1 for v in w.size + w.stride) and not any(w.pad + w.end)
        return plain and self.groups == 1

    @property
    def is_depthwise(self) -> bool:
        return self.groups == self.in_c == self.out_c and product(self.window.size) <= HALF_SUM


def _sizes(node: Node, image: Ints, result: Ints) -> _Sizes:
    """Of a node with the attributes WINDOW, from the shapes of both images."""
    two, four = (0,) * 2, (0,) * 4
    size, stride, dilation = (node.attr(n, two) for n in ("kernel_shape", "strides", "dilations"))
    pads = node.attr("pads", four)
    geometry = Window(size, stride, dilation, pads[:2], pads[2:])
    (batch, *hw, in_c), (_, *out_hw, out_c) = image, result
    return _Sizes(batch, node.attr("group", 1), in_c, tuple(hw), out_c, tuple(out_hw), geometry)


def _geometry(s: _Sizes) -> dict[str, Any]:
    """What the arguments of both depthwise kernels have in common."""
    return {
        "batch": s.batch,
        "channels": s.in_c,
        "in_hw": s.in_hw,
        "out_hw": s.out_hw,
        "size": s.window.size,
        "stride": s.window.stride,
        "dilation": s.window.dilation,
        "pad": s.window.pad,
    }


@dataclass(frozen=True)
class _Pointwise(Product):
    """A product over positions whose weights are stored as those of a Conv."""

    def slope(self, w: Any, x: Term, dy: Term) -> Term:
        return super().slope(w, x, dy).reshape([self.outputs, self.channels, 1, 1])


class _HWC(Operator):
    """What the three have in common."""

    attributes = WINDOW
    dtypes = FLOATS

    def sizes(self, node: Node) -> _Sizes:
        raise NotImplementedError

    def check(self, node: Node) -> None:
        if {len(node.shape()), len(node.out_shape())} - {4}:
            return
        s = self.sizes(node)
        if not s.is_pointwise and not s.is_depthwise:
            raise node.refuse(f"{s.groups} groups of {s.in_c} to {s.out_c} channels")


class ConvHWC(_HWC):
    op_types = ("ai.odl.ConvHWC",)
    kernels = (matmul, copy, conv2d_hwc_depthwise)
    with_addend, with_relu = "ai.odl.ConvHWCAdd", "ai.odl.ConvHWCRelu"
    note = "pointwise or depthwise Conv of [batch, h, w, channels]"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            ConvHWC <dilations, group, kernel_shape, pads, strides> (x, w, bias) => (y) {{
                image = Transpose <perm = {list(TO_CHW)}> (x)
                result = Conv <dilations: ints = @dilations, group: int = @group,
                               kernel_shape: ints = @kernel_shape, pads: ints = @pads,
                               strides: ints = @strides> (image, w, bias)
                y = Transpose <perm = {list(TO_HWC)}> (result)
            }}""")

    def sizes(self, node: Node) -> _Sizes:
        return _sizes(node, node.shape(), node.out_shape())

    def spelled(self, node: Node, adds: bool) -> dict[str, Any] | None:
        if adds and not self.sizes(node).is_pointwise:
            return None
        return {name: node.ir.attributes[name].value for name in WINDOW}

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "weight", 2: "bias"}

    def linear(self, node: Node, i: int) -> Linear | None:
        s = self.sizes(node)
        if i != 1 or not s.is_pointwise:
            return None
        return _Pointwise(1, s.out_c, s.in_c, bias=2 if node.has(2) else None, by_rows=True)

    def applied(self, node: Node) -> Applied | None:
        s = self.sizes(node)
        return Applied(s.out_c, s.in_c, turned=True) if s.is_pointwise else None

    def gradient(self, b: Backward, node: Node) -> Gradients:
        g, s = b.dy(), self.sizes(node)
        same = {name: node.ir.attributes[name].value for name in WINDOW}
        dw = db = dx = None
        if b.wants(1):
            dw = b.term("ai.odl.ConvHWCGradWeight", b.x(), g, like=b.x(1), **same)
        if b.wants(2):
            db = g.sum([0, 1, 2])
        if b.wants(0) and _is_turned(s.window):
            dx = b.term("ai.odl.ConvHWCGradInput", g, b.x(1), like=b.x(), **same)
        elif b.wants(0):
            uncovered = [  # behind the last window
                n + p + e - st * (o - 1) - (k - 1) * d - 1
                for n, o, k, st, d, p, e in zip(
                    s.in_hw, s.out_hw, s.window.size, s.window.stride, s.window.dilation,
                    s.window.pad, s.window.end, strict=True,
                )
            ]  # fmt: skip
            image = g.transpose(TO_CHW)
            made = b.term("ConvTranspose", image, b.x(1), **same, output_padding=uncovered)
            dx = made.transpose(TO_HWC)
        return [dx, dw, db]

    def lower(self, node: Node) -> list[Call]:
        s = self.sizes(node)
        if s.is_pointwise:
            return [self._product(node, s, node.input(1), (1, s.in_c))]
        taps, size = product(s.window.size), s.window.size
        args = {
            "x": node.input(0),
            "w": node.input(1),
            "bias": node.optional(2),
            "y": node.output(),
            **_geometry(s),
            "w_begin": 0,
            "w_stride": (taps, size[1], 1),
            "relu": 0,
        }
        return [Call(conv2d_hwc_depthwise, str(node.dtype()), args)]

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        s = self.sizes(node)
        if not s.is_pointwise:
            return super().forms(node)
        return [lambda: self._wide(node, s), *super().forms(node)]

    def _wide(self, node: Node, s: _Sizes) -> list[Call]:
        """By turned weights, of which rows are dense."""
        shape, calls = (s.in_c, s.out_c), []
        if node.is_const(1):
            weights = node.const(1, "weights").reshape(s.out_c, s.in_c)
            turned = node.new_constant("turned", np.ascontiguousarray(weights.T))
        else:
            turned = node.new_scratch("turned", node.dtype(1), shape)
            calls = [copy_call(node, node.input(1), turned, shape, (1, s.in_c), (s.out_c, 1))]
        return [*calls, self._product(node, s, turned, (s.out_c, 1))]

    def _product(self, node: Node, s: _Sizes, weights: Ref, stride: Ints) -> Call:
        """y = x w^T: rows are positions, columns are output channels."""
        args = matmul_args(
            s.batch * product(s.in_hw),
            s.in_c,
            s.out_c,
            a=node.input(0),
            b=weights,
            bias=node.optional(2),
            y=node.output(),
            b_stride=stride,
            bias_stride=(0, 1),
        )
        return Call(matmul, str(node.dtype()), args)

    def macs(self, node: Node) -> int:
        return node.size() * product(node.shape(1)[1:])

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        k = product(node.shape(1)[1:])
        return [gamma(k + len(x) - 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]


def _is_turned(w: Window) -> bool:
    """Whether the gradient of the input is a convolution with turned weights."""
    axes = zip(w.size, w.stride, w.dilation, w.pad, w.end, strict=True)
    return all(s == 1 and max(p, e) <= (k - 1) * d for k, s, d, p, e in axes)


class ConvHWCGradInput(_HWC):
    """Inputs dy and w, as of a ConvHWC without stride."""

    op_types = ("ai.odl.ConvHWCGradInput",)
    kernels = (matmul, conv2d_hwc_depthwise)
    note = "gradient of ConvHWC"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            ConvHWCGradInput <dilations, group, kernel_shape, pads, strides> (dy, w) => (dx) {{
                slope = Transpose <perm = {list(TO_CHW)}> (dy)
                image = ConvTranspose <dilations: ints = @dilations, group: int = @group,
                                       kernel_shape: ints = @kernel_shape, pads: ints = @pads,
                                       strides: ints = @strides> (slope, w)
                dx = Transpose <perm = {list(TO_HWC)}> (image)
            }}""")

    def sizes(self, node: Node) -> _Sizes:
        return _sizes(node, node.out_shape(), node.shape())

    def check(self, node: Node) -> None:
        super().check(node)
        if not _is_turned(self.sizes(node).window):
            raise node.refuse("strides, or pads beyond the window", "supported: strides of 1")

    def applied(self, node: Node) -> Applied | None:
        s = self.sizes(node)
        return Applied(s.out_c, s.in_c, turned=False) if s.is_pointwise else None

    def lower(self, node: Node) -> list[Call]:
        s = self.sizes(node)
        if s.is_pointwise:
            args = matmul_args(
                s.batch * product(s.in_hw),
                s.out_c,
                s.in_c,
                a=node.input(0),
                b=node.input(1),
                y=node.output(),
            )
            return [Call(matmul, str(node.dtype()), args)]
        w, taps = s.window, product(s.window.size)
        reach = [(k - 1) * d for k, d in zip(w.size, w.dilation, strict=True)]
        args = {
            "x": node.input(0),
            "w": node.input(1),
            "bias": None,
            "y": node.output(),
            **_geometry(s),
            "in_hw": s.out_hw,
            "out_hw": s.in_hw,
            "pad": tuple(r - p for r, p in zip(reach, w.pad, strict=True)),
            "w_begin": taps - 1,
            "w_stride": (taps, -w.size[1], -1),
            "relu": 0,
        }
        return [Call(conv2d_hwc_depthwise, str(node.dtype()), args)]

    def macs(self, node: Node) -> int:
        return product(node.shape()) * product(node.shape(1)[1:])

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        s = self.sizes(node)
        k = product(s.window.size) * (s.out_c // s.groups)
        return [gamma(k + 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]


class ConvHWCGradWeight(_HWC):
    """Inputs x and dy, as of a ConvHWC."""

    op_types = ("ai.odl.ConvHWCGradWeight",)
    kernels = (matmul, conv2d_hwc_depthwise_grad_weight)
    note = "gradient of ConvHWC"

    def function(self) -> onnx.FunctionProto:
        """ConvGradWeight behind Transposes."""
        inner = ConvGradWeight().function()
        turns = [
            helper.make_node("Transpose", [f"{name}_hwc"], [name], perm=TO_CHW)
            for name in inner.input
        ]
        return helper.make_function(
            "ai.odl", "ConvHWCGradWeight", [t.input[0] for t in turns], inner.output,
            [*turns, *inner.node], inner.opset_import, inner.attribute,
        )  # fmt: skip

    def sizes(self, node: Node) -> _Sizes:
        return _sizes(node, node.shape(), node.shape(1))

    def lower(self, node: Node) -> list[Call]:
        s = self.sizes(node)
        if s.is_pointwise:
            args = matmul_args(
                s.out_c,
                s.batch * product(s.in_hw),
                s.in_c,
                a=node.input(1),
                b=node.input(0),
                y=node.output(),
                a_stride=(1, s.out_c),
            )
            return [Call(matmul, str(node.dtype()), args)]
        args = {
            "x": node.input(0),
            "dy": node.input(1),
            "dw": node.output(),
            **_geometry(s),
        }
        return [Call(conv2d_hwc_depthwise_grad_weight, str(node.dtype()), args)]

    def macs(self, node: Node) -> int:
        return node.size() * product(node.shape(1)[:3])

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        terms = product(node.shape(1)[:3])
        return [gamma(terms + 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]
