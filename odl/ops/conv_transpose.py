"""ConvTranspose in one and two dimensions: each output element sums the taps that reach it."""

from __future__ import annotations

import numpy as np

from odl.dtype import F16, F32
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.reference import evaluate
from odl.program import Call, In, Out, kernel


@kernel
def conv_transpose2d(
    x: In,
    w: In,
    bias: In | None,
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
) -> None:
    """Transposed NCHW convolution; w is [in_c, out_c / groups, size], pad is (top, left)."""
    (h, v), (kh, kw) = in_hw, size
    image = x[: batch * in_c * h * v].reshape(batch, groups, -1, h, v).astype(np.float32)
    weights = w[: in_c * (out_c // groups) * kh * kw].reshape(groups, in_c // groups, -1, kh, kw)
    reach = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(in_hw, stride, size, dilation, strict=True)
    ]
    room = [max(r, p + o) for r, p, o in zip(reach, pad, out_hw, strict=True)]
    full = np.zeros((batch, groups, out_c // groups, *room), np.float32)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dilation[0], j * dilation[1]
            part = np.einsum("bgihw,gio->bgohw", image, weights[..., i, j].astype(np.float32))
            rows = slice(top, top + (h - 1) * stride[0] + 1, stride[0])
            columns = slice(left, left + (v - 1) * stride[1] + 1, stride[1])
            full[..., rows, columns] += part
    cut = full[..., pad[0] : pad[0] + out_hw[0], pad[1] : pad[1] + out_hw[1]]
    out = cut.reshape(batch, out_c, *out_hw)
    if bias is not None:
        out = out + bias[:out_c, None, None].astype(np.float32)
    y[: out.size] = out.ravel()


class ConvTranspose(Operator):
    op_types = ("ConvTranspose",)
    attributes = (
        "auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads",
        "strides",
    )  # fmt: skip
    dtypes = (F32, F16)
    note = "1-D and 2-D"

    def check(self, node: Node) -> None:
        rank = len(node.shape(0)) - 2
        if rank not in (1, 2):
            raise node.refuse(f"{rank} spatial dimensions", "supported: 1 and 2")
        groups, in_c = node.attr("group", 1), node.shape(0)[1]
        if groups < 1 or in_c % groups or node.shape(1)[0] != in_c:
            raise node.refuse(
                f"{groups} groups of weights for {node.shape(1)[0]} channels, the input has {in_c}"
            )
        if tuple(node.attr("kernel_shape", node.shape(1)[2:])) != node.shape(1)[2:]:
            raise node.refuse("kernel_shape is not the weights' shape")

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

    def lower(self, node: Node) -> list[Call]:
        (batch, in_c), groups = node.shape(0)[:2], node.attr("group", 1)
        rank = len(node.shape()) - 2
        stride, dilation = node.attr("strides", (1,) * rank), node.attr("dilations", (1,) * rank)
        args = {
            "x": node.input(0),
            "w": node.input(1),
            "bias": node.optional(2),
            "y": node.output(),
            "batch": batch,
            "groups": groups,
            "in_c": in_c,
            "in_hw": (1, *node.shape(0)[2:])[-2:],
            "out_c": node.out_shape()[1],
            "out_hw": (1, *node.out_shape()[2:])[-2:],
            "size": (1, *node.shape(1)[2:])[-2:],
            "stride": (1, *stride)[-2:],
            "dilation": (1, *dilation)[-2:],
            "pad": (0, *self._pad(node, stride, dilation))[-2:],
        }
        return [Call(conv_transpose2d, str(node.dtype()), args)]

    def macs(self, node: Node) -> int:
        """Of the whole scattered image; what falls into the padding is not computed."""
        return int(np.prod(node.shape(0))) * int(np.prod(node.shape(1)[1:]))

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        k = int(np.prod(node.shape(1)[2:])) * (node.shape(0)[1] // node.attr("group", 1))
        return [gamma(k + 1, u) * v for v in evaluate(node, [np.abs(v) for v in x])]
