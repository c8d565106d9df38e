"""Convolutions, pools and products; channels come first in ONNX, so Transposes stand around."""

from __future__ import annotations

import math

import onnx_ir as ir

from odl.frontend.tflite_converters.converter import converter
from odl.frontend.tflite_node import TO_NHWC, TfliteNode, View

_SAME, _VALID = 0, 1


def _window(node: TfliteNode, size: tuple[int, int], dilated: bool) -> dict[str, list[int]]:
    """Strides, dilations and pads over height and width, as ONNX has them."""
    given = node.operator.given
    strides = [node.option("StrideH"), node.option("StrideW")]
    factors = ("DilationHFactor", "DilationWFactor")
    dilations = [node.option(f) for f in factors] if dilated else [1, 1]
    if min(*size, *strides, *dilations) < 1:
        raise node.malformed(f"kernel {size}, strides {strides}, dilations {dilations}")
    window = {"strides": strides, **({"dilations": dilations} if dilated else {})}
    if "pads" in given:
        return {**window, "pads": given["pads"]}
    pads = [(0, 0), (0, 0)]
    if _padding(node) == _SAME:
        lengths = node.shape4()[1:3]
        pads = [_same(*v) for v in zip(lengths, size, strides, dilations, strict=True)]
    return {**window, "pads": [p[0] for p in pads] + [p[1] for p in pads]}


def _padding(node: TfliteNode) -> int:
    padding: int = node.option("Padding")
    if padding not in (_SAME, _VALID):
        raise node.malformed(f"padding {padding}")
    return padding


def _same(n: int, k: int, s: int, d: int) -> tuple[int, int]:
    """Pads that make ceil(n / s) outputs; the odd one stands behind."""
    total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
    return total // 2, total - total // 2


@converter("CONV_2D", "Conv2DOptions", activation=True)
def conv_2d(node: TfliteNode) -> View:
    """Weights [out, h, w, in / groups]."""
    _, height, width, depth = node.shape4(1)
    channels = node.shape4(0)[3]
    if channels % depth:
        raise node.malformed(f"{channels} channels for weights of {depth}")
    y = node(
        "Conv",
        node.channels_first(),
        node.channels_first(1),
        node.bias(2, 0, 1),
        kernel_shape=[height, width],
        group=channels // depth,
        **_window(node, (height, width), True),
    )
    return View(y, TO_NHWC)


@converter("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", activation=True)
def depthwise_conv_2d(node: TfliteNode) -> View:
    """Weights [1, h, w, channels * multiplier]."""
    one, height, width, outputs = node.shape4(1)
    channels = node.shape4(0)[3]
    if one != 1 or outputs % channels:
        raise node.malformed(f"weights {list(node.shape(1))} for {channels} channels")
    y = node(
        "Conv",
        node.channels_first(),
        node.x(1, (3, 0, 1, 2)),
        node.bias(2, 0, 1),
        kernel_shape=[height, width],
        group=channels,
        **_window(node, (height, width), True),
    )
    return View(y, TO_NHWC)


@converter("TRANSPOSE_CONV", "TransposeConvOptions", activation=True)
def transpose_conv(node: TfliteNode) -> View:
    """Operands are the output's shape, weights [out, h, w, in], x and a bias.

    SAME and VALID are those of the convolution whose gradient this is: from the output to x.
    """
    _, height, width, _ = node.shape4(1)
    lengths, outs, size = node.shape4(2)[1:3], node.out4()[1:3], (height, width)
    strides = [node.option("StrideH"), node.option("StrideW")]
    if min(*size, *strides) < 1:
        raise node.malformed(f"kernel {size}, strides {strides}")
    begins, ends, extra = [], [], []
    same = _padding(node) == _SAME
    for n, out, k, s in zip(lengths, outs, size, strides, strict=True):
        total = (n - 1) * s + k - out
        begin = max(total, 0) // 2 if same else 0
        begins.append(begin)
        ends.append(max(total - begin, 0))
        extra.append(max(begin - total, 0))
    if any(e >= s for e, s in zip(extra, strides, strict=True)):
        raise node.refuse(f"an output of {list(outs)} from {list(lengths)}")
    y = node(
        "ConvTranspose",
        node.channels_first(2),
        node.x(1, (3, 0, 1, 2)),
        node.bias(3, 2, 1),
        kernel_shape=[height, width],
        strides=strides,
        pads=begins + ends,
        output_padding=extra,
    )
    return View(y, TO_NHWC)


def _pool(node: TfliteNode, op: str) -> View:
    size = node.option("FilterHeight"), node.option("FilterWidth")
    window = _window(node, size, False)
    return View(node(op, node.channels_first(), kernel_shape=list(size), **window), TO_NHWC)


@converter("AVERAGE_POOL_2D", "Pool2DOptions", activation=True)
def average_pool_2d(node: TfliteNode) -> View:
    """The mean over what lies in x."""
    return _pool(node, "AveragePool")


@converter("MAX_POOL_2D", "Pool2DOptions", activation=True)
def max_pool_2d(node: TfliteNode) -> View:
    return _pool(node, "MaxPool")


@converter("FULLY_CONNECTED", "FullyConnectedOptions", activation=True)
def fully_connected(node: TfliteNode) -> ir.Value | View:
    """y = x w^T + b over rows of x, which may have any rank; w is [out, in]."""
    if node.option("WeightsFormat"):
        raise node.refuse("shuffled weights", "supported: the default format")
    shape, weights = node.shape(), node.shape(1)
    if len(weights) != 2 or 0 in weights or math.prod(shape) % weights[1]:
        raise node.malformed(f"weights {list(weights)} for {list(shape)}")
    rows = (math.prod(shape) // weights[1], weights[1])
    x = node.x(0, shape=rows if shape != rows else ())
    y = node("Gemm", x, node.x(1), node.bias(2, 0, 1), transB=1)
    out = (rows[0], weights[0])
    return View(y, shape=node.out.shape) if node.out.shape != out else y


@converter("BATCH_MATMUL", "BatchMatMulOptions")
def batch_matmul(node: TfliteNode) -> ir.Value:
    """MatMul, either operand with its last two axes exchanged."""
    operands = []
    for i, option in enumerate(("AdjX", "AdjY")):
        rank = len(node.shape(i))
        if rank < 2:
            raise node.malformed(f"input {i} has rank {rank}")
        swapped = (*range(rank - 2), rank - 1, rank - 2)
        operands.append(node.x(i, swapped if node.option(option) else ()))
    return node("MatMul", *operands)
