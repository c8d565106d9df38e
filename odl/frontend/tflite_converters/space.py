"""Operators over height and width: blocks to channels or to the batch, and resizing."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from odl.frontend.tflite_converters.converter import converter
from odl.frontend.tflite_node import TO_NHWC, TfliteNode, View


def _block(node: TfliteNode) -> int:
    size: int = node.option("BlockSize")
    if size < 1:
        raise node.malformed(f"blocks of {size}")
    return size


@converter("SPACE_TO_DEPTH", "SpaceToDepthOptions", moves=True)
def space_to_depth(node: TfliteNode) -> View:
    return View(node("SpaceToDepth", node.channels_first(), blocksize=_block(node)), TO_NHWC)


@converter("DEPTH_TO_SPACE", "DepthToSpaceOptions", moves=True)
def depth_to_space(node: TfliteNode) -> View:
    y = node("DepthToSpace", node.channels_first(), blocksize=_block(node), mode="DCR")
    return View(y, TO_NHWC)


def _blocks(node: TfliteNode) -> list[int]:
    blocks = node.ints(1, "the block")
    if not blocks or min(blocks) < 1 or len(blocks) >= len(node.shape()):
        raise node.malformed(f"blocks {blocks} for rank {len(node.shape())}")
    return blocks


@converter("SPACE_TO_BATCH_ND", moves=True)
def space_to_batch_nd(node: TfliteNode) -> ir.Value:
    """Pad, then [n, s * b, ...] to [b * n, s, ...]."""
    blocks = _blocks(node)
    k, rest = len(blocks), list(node.shape()[len(blocks) + 1 :])
    pairs = [(0, 0), *node.pairs(2, "the padding", k), *((0, 0) for _ in rest)]
    if min(min(p) for p in pairs) < 0:
        raise node.malformed("a padding is negative")
    q = node.out.quantization if node.raw else None
    filler = 0 if q is None else int(q.zero_point[0])
    kind = node.out.dtype if node.raw or node.out.quantization is None else ir.DataType.FLOAT
    x = node(
        "Pad",
        node.x(),
        node.list("pads", [p[0] for p in pairs] + [p[1] for p in pairs]),
        node.constant("filler", np.array(filler, kind.numpy())),
    )
    spatial = [n + a + b for n, (a, b) in zip(node.shape()[1:], pairs[1 : k + 1], strict=False)]
    if any(n % b for n, b in zip(spatial, blocks, strict=True)):
        raise node.malformed(f"blocks {blocks} do not divide {spatial}")
    cut = [v for n, b in zip(spatial, blocks, strict=True) for v in (n // b, b)]
    x = node.reshape(x, [node.shape()[0], *cut, *rest])
    inner = [2 * i + 2 for i in range(k)]
    outer = [2 * i + 1 for i in range(k)]
    tail = range(2 * k + 1, 2 * k + 1 + len(rest))
    x = node("Transpose", x, perm=[*inner, 0, *outer, *tail])
    return node.reshape(x, node.out.shape)


@converter("BATCH_TO_SPACE_ND", moves=True)
def batch_to_space_nd(node: TfliteNode) -> ir.Value:
    """[b * n, s, ...] to [n, s * b, ...], then crop."""
    blocks = _blocks(node)
    k, (batch, *sizes) = len(blocks), node.shape()
    if batch % int(np.prod(blocks)):
        raise node.malformed(f"blocks {blocks} do not divide a batch of {batch}")
    spatial, rest = sizes[:k], sizes[k:]
    left = batch // int(np.prod(blocks))
    x = node.reshape(node.x(), [*blocks, left, *spatial, *rest])
    pairs = [v for i in range(k) for v in (k + 1 + i, i)]
    tail = range(2 * k + 1, 2 * k + 1 + len(rest))
    x = node("Transpose", x, perm=[k, *pairs, *tail])
    x = node.reshape(x, [left, *(n * b for n, b in zip(spatial, blocks, strict=True)), *rest])
    crops = node.pairs(2, "the crops", k)
    if len(node.out.shape) != len(sizes) + 1 or min(min(c) for c in crops) < 0:
        raise node.malformed(f"crops {crops} to {list(node.out.shape)}")
    begin = [c[0] for c in crops]
    end = [b + n for b, n in zip(begin, node.out.shape[1:], strict=False)]
    axes = node.list("axes", range(1, k + 1))
    return node("Slice", x, node.list("begin", begin), node.list("end", end), axes)


def _resize(node: TfliteNode, mode: str, **attributes: str) -> View:
    """To the size that the output has."""
    n, height, width, channels = node.out4()
    sizes = node.list("sizes", [n, channels, height, width])
    y = node("Resize", node.channels_first(), None, None, sizes, mode=mode, **attributes)
    return View(y, TO_NHWC)


def _coordinates(node: TfliteNode) -> str:
    if node.option("AlignCorners"):
        return "align_corners"
    return "half_pixel" if node.option("HalfPixelCenters") else "asymmetric"


@converter("RESIZE_BILINEAR", "ResizeBilinearOptions")
def resize_bilinear(node: TfliteNode) -> View:
    return _resize(node, "linear", coordinate_transformation_mode=_coordinates(node))


@converter("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", moves=True)
def resize_nearest_neighbor(node: TfliteNode) -> View:
    """Floor of the position, or the nearest one where positions are aligned or centred."""
    mode = _coordinates(node)
    nearest = "floor" if mode == "asymmetric" else "round_prefer_ceil"
    return _resize(node, "nearest", coordinate_transformation_mode=mode, nearest_mode=nearest)
