"""Depthwise convolutions of images [batch, h, w, channels], and the gradient of their weights."""

from __future__ import annotations

import numpy as np

from odl.ops import conv_hwc_tilings, estimates
from odl.ops.conv import convolved
from odl.ops.operator import product
from odl.ops.tilings import estimated, tiled
from odl.ops.wide import ended, wide
from odl.program import In, Out, kernel

TO_CHW, TO_HWC = (0, 3, 1, 2), (0, 2, 3, 1)
"""Of Transposes: to Conv's layout, and from there."""


@estimated(estimates.hwc_depthwise)
@tiled(conv_hwc_tilings.conv)
@kernel
def conv2d_hwc_depthwise(
    x: In,
    w: In,
    bias: In | None,
    y: Out,
    batch: int,
    channels: int,
    in_hw: tuple[int, ...],
    out_hw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
    w_begin: int,
    w_stride: tuple[int, ...],
    relu: int,
) -> None:
    """NHWC convolution of each channel; the weight of (channel, i, j) is at w_begin and w_stride.

    Relu makes 0 of what is negative.
    """
    image = wide(x[: batch * product(in_hw) * channels]).reshape(batch, *in_hw, channels)
    steps = np.indices((channels, *size)).reshape(3, -1)
    weights = wide(w[w_begin + np.tensordot(w_stride, steps, 1)]).reshape(channels, 1, *size)
    out = convolved(image.transpose(TO_CHW), weights, out_hw, stride, dilation, pad, channels)
    if bias is not None:
        out = out + wide(bias[:channels, None, None])
    y[: out.size] = ended(out.transpose(TO_HWC), None, relu).ravel()


@tiled(conv_hwc_tilings.grad_weight)
@kernel
def conv2d_hwc_depthwise_grad_weight(
    x: In,
    dy: In,
    dw: Out,
    batch: int,
    channels: int,
    in_hw: tuple[int, ...],
    out_hw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    pad: tuple[int, ...],
) -> None:
    """dw[c, i, j] = sum over images and positions of dy[b, p, c] * x[b, tap i, j of p, c]."""
    v = wide(x[: batch * product(in_hw) * channels]).reshape(batch, *in_hw, channels)
    g = wide(dy[: batch * product(out_hw) * channels]).reshape(batch, *out_hw, channels)
    reach = [(o - 1) * s + 1 for o, s in zip(out_hw, stride, strict=True)]
    need = [r + (k - 1) * d for r, k, d in zip(reach, size, dilation, strict=True)]
    room = [(p, max(0, n - s - p)) for p, n, s in zip(pad, need, in_hw, strict=True)]
    padded = np.pad(v, ((0, 0), *room, (0, 0)))
    out = np.zeros((channels, *size), np.float32)
    for i, j in np.ndindex(*size):
        top, left = i * dilation[0], j * dilation[1]
        part = padded[:, top : top + reach[0] : stride[0], left : left + reach[1] : stride[1]]
        out[:, i, j] = np.einsum("bhwc,bhwc->c", g, part, optimize=True)
    dw[: out.size] = out.ravel()
