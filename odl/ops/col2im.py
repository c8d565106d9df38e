"""Col2Im: blocks added up to an image, as a ConvTranspose whose weights pick the taps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node
from odl.ops.operator import product


@foreign("Col2Im", ("dilations", "pads", "strides"), constant_inputs=(1, 2))
def col2im(b: Builder, node: Node) -> Sequence[ir.Value]:
    """To [n * c, block, *blocks], and from there to [n, c, *image]; inputs must be finite."""
    image, block = (tuple(map(int, node.const(i, f"input {i}").ravel())) for i in (1, 2))
    rank, (n, channels, _) = len(image), node.shape()
    stride, dilation = (node.attr(k, (1,) * rank) for k in ("strides", "dilations"))
    pads = node.attr("pads", (0,) * (2 * rank))
    blocks, rest = [], []
    for m, k, s, d, begin, end in zip(
        image, block, stride, dilation, pads[:rank], pads[rank:], strict=True
    ):
        free = m + begin + end - (k - 1) * d - 1
        blocks.append(free // s + 1)
        rest.append(free % s)
    size, deep = product(block), channels // product(block)
    apart = b.constant("apart", np.array([n * deep, size, *blocks], np.int64))
    picks = b.constant("picks", np.eye(size).reshape(size, 1, *block))
    y = b(
        "ConvTranspose", b("Reshape", node.values[0], apart), picks, strides=stride,
        dilations=dilation, pads=pads, output_padding=rest,
    )  # fmt: skip
    return [b("Reshape", y, b.constant("image", np.array([n, deep, *image], np.int64)))]
