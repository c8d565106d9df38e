"""Sliding windows of convolutions and pools: ONNX's pads, strides, dilations and auto_pad."""

from __future__ import annotations

from dataclasses import dataclass

from odl.ops.node import Node

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """Geometry of each spatial axis; `pad` and `end` are the paddings before and behind."""

    size: Ints
    stride: Ints
    dilation: Ints
    pad: Ints
    end: Ints

    def padded_to(self, rank: int) -> Window:
        """The same window with unit axes put in front."""
        extra = rank - len(self.size)
        one, zero = (1,) * extra, (0,) * extra
        return Window(
            one + self.size,
            one + self.stride,
            one + self.dilation,
            zero + self.pad,
            zero + self.end,
        )


def check_channels(node: Node, weights: Ints) -> None:
    """Refuse a convolution whose weights [out_c, in_c / groups, ...] do not fit its first input.

    Raises:
        Unsupported: naming the channels.
    """
    groups, in_c, out_c = node.attr("group", 1), node.shape(0)[1], weights[0]
    if groups < 1 or in_c % groups or out_c % groups:
        raise node.refuse(f"{groups} groups do not divide {in_c} and {out_c} channels")
    if weights[1] * groups != in_c:
        raise node.refuse(f"the weights' {weights[1]} channels x {groups} groups are not {in_c}")


def window(node: Node, size: Ints) -> Window:
    """The window of a Conv or pool node whose kernel is `size`."""
    spatial = node.shape(0)[2:]
    rank = len(size)
    if len(spatial) != rank:
        raise node.refuse(f"a {rank}-D kernel over {len(spatial)} spatial dimensions")
    stride = node.attr("strides", (1,) * rank)
    dilation = node.attr("dilations", (1,) * rank)
    pads = node.attr("pads", (0,) * (2 * rank))
    if len(stride) != rank or len(dilation) != rank or len(pads) != 2 * rank:
        raise node.refuse(f"strides, dilations or pads that are not those of {rank} dimensions")
    if min((*size, *stride, *dilation), default=1) < 1 or min(pads, default=0) < 0:
        raise node.refuse("kernel, strides and dilations must be positive, pads not negative")
    pad, end = pads[:rank], pads[rank:]
    mode = node.attr("auto_pad", "NOTSET")
    if mode == "VALID":
        pad = end = (0,) * rank
    elif mode in ("SAME_UPPER", "SAME_LOWER"):
        pad, end = _same(spatial, size, stride, dilation, lower=mode == "SAME_LOWER")
    elif mode != "NOTSET":
        raise node.refuse(f"auto_pad '{mode}'", "supported: NOTSET, VALID, SAME_UPPER, SAME_LOWER")
    return Window(size, stride, dilation, pad, end)


def _same(n: Ints, size: Ints, stride: Ints, dilation: Ints, lower: bool) -> tuple[Ints, Ints]:
    """Paddings that make the output ceil(n / stride) long."""
    pad, end = [], []
    for length, k, s, d in zip(n, size, stride, dilation, strict=True):
        outputs = -(-length // s)
        total = max((outputs - 1) * s + (k - 1) * d + 1 - length, 0)
        small, large = total // 2, total - total // 2
        pad.append(large if lower else small)
        end.append(small if lower else large)
    return tuple(pad), tuple(end)
