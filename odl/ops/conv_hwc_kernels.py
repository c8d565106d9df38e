"""Depthwise convolutions of images [batch, h, w, channels], and the gradient of their weights."""

from __future__ import annotations

import numpy as np

from odl.ops import conv_hwc_tilings, estimates
from odl.ops.conv import convolved
from odl.ops.conv_grad import weight_slope
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
    v = wide(x[: batch * product(in_hw) * channels]).reshape(batch, *in_hw, channels, 1)
    g = wide(dy[: batch * product(out_hw) * channels]).reshape(batch, *out_hw, channels, 1)
    planes = (0, 3, 4, 1, 2)
    out = weight_slope(v.transpose(planes), g.transpose(planes), size, stride, dilation, pad)
    dw[: out.size] = out.ravel()
