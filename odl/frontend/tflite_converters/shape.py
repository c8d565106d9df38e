"""Operators that move elements: quantized ones stay as they are stored."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.frontend.tflite_converters.converter import Converter, converter
from odl.frontend.tflite_node import TfliteNode


def _reshaped(name: str) -> Converter:
    """The file tells the shape of every tensor, so how it came about does not matter."""

    @converter(name, moves=True)
    def convert(node: TfliteNode) -> ir.Value:
        if math.prod(node.shape()) != math.prod(node.out.shape):
            raise node.malformed(f"{list(node.shape())} cannot become {list(node.out.shape)}")
        return node.reshape(node.x(), node.out.shape)

    return convert


RESHAPES = tuple(_reshaped(name) for name in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"))


def _permutation(node: TfliteNode, i: int) -> tuple[int, ...]:
    perm, rank = node.ints(i, "the permutation"), len(node.shape())
    axes = tuple(node.axis(p, rank) for p in perm)
    if sorted(axes) != list(range(rank)):
        raise node.malformed(f"{perm} is no permutation of rank {rank}")
    return axes


@converter("TRANSPOSE", moves=True)
def transpose(node: TfliteNode) -> ir.Value:
    return node("Transpose", node.x(), perm=list(_permutation(node, 1)))


@converter("CONCATENATION", "ConcatenationOptions", moves=True, activation=True)
def concatenation(node: TfliteNode) -> ir.Value:
    axis = node.axis(node.option("Axis"), len(node.out.shape))
    return node("Concat", *(node.x(i) for i in range(node.count)), axis=axis)


@converter("PACK", "PackOptions", moves=True)
def pack(node: TfliteNode) -> ir.Value:
    """Operands stand side by side along a new axis."""
    axis = node.axis(node.option("Axis"), len(node.out.shape))
    shape = [1 if i == axis else n for i, n in enumerate(node.out.shape)]
    operands = [node.reshape(node.x(i), shape) for i in range(node.count)]
    return node("Concat", *operands, axis=axis)


@converter("UNPACK", "UnpackOptions", moves=True)
def unpack(node: TfliteNode) -> Sequence[ir.Value]:
    axis, n = node.axis(node.option("Axis"), len(node.shape())), len(node.outputs)
    parts = node.many("Split", n, node.x(), axis=axis, num_outputs=n) if n > 1 else [node.x()]
    shape = node.list("shape", node.out.shape)
    return [node("Reshape", part, shape) for part in parts]


@converter("SPLIT", "SplitOptions", moves=True)
def split(node: TfliteNode) -> Sequence[ir.Value]:
    """Operands are the axis and x."""
    (axis,) = node.ints(0, "the axis")
    return _split(node, 1, axis)


@converter("SPLIT_V", moves=True)
def split_v(node: TfliteNode) -> Sequence[ir.Value]:
    """Operands are x, the sizes, which the outputs' shapes tell as well, and the axis."""
    (axis,) = node.ints(2, "the axis")
    return _split(node, 0, axis)


def _split(node: TfliteNode, i: int, axis: int) -> Sequence[ir.Value]:
    axis = node.axis(axis, len(node.shape(i)))
    if any(len(o.shape) != len(node.shape(i)) for o in node.outputs):
        raise node.malformed("the outputs have another rank than x")
    sizes = node.list("sizes", [o.shape[axis] for o in node.outputs])
    return node.many("Split", len(node.outputs), node.x(i), sizes, axis=axis)


@converter("SLICE", moves=True)
def slice_(node: TfliteNode) -> ir.Value:
    """Operands are x, where it begins and how much is taken, which the output's shape tells."""
    begin = node.ints(1, "the begin")
    if not len(begin) == len(node.shape()) == len(node.out.shape):
        raise node.malformed(f"{len(begin)} begins for rank {len(node.shape())}")
    end = [b + n for b, n in zip(begin, node.out.shape, strict=True)]
    axes = list(range(len(begin)))
    return node(
        "Slice", node.x(), node.list("begin", begin), node.list("end", end), node.list("axes", axes)
    )


@converter("STRIDED_SLICE", "StridedSliceOptions", moves=True)
def strided_slice(node: TfliteNode) -> ir.Value:
    """NumPy's x[begin:end:stride, ...]; masks open ends and drop axes bit by bit."""
    if node.option("EllipsisMask") or node.option("NewAxisMask") or node.option("Offset"):
        raise node.refuse("ellipsis, new axis or offset", "supported: begin, end, shrink axis")
    begin, end, step = (
        node.ints(i + 1, w) for i, w in enumerate(("the begin", "the end", "the stride"))
    )
    if not len(begin) == len(end) == len(step) <= len(node.shape()) or 0 in step:
        raise node.malformed(f"{begin}:{end}:{step} of rank {len(node.shape())}")
    far = np.iinfo(np.int64)
    for i, shrink in enumerate(_bits(node, "ShrinkAxisMask", len(begin))):
        if shrink:
            end[i], step[i] = begin[i] + 1 or far.max, 1
            continue
        if _bits(node, "BeginMask", len(begin))[i]:
            begin[i] = 0 if step[i] > 0 else far.max
        if _bits(node, "EndMask", len(begin))[i]:
            end[i] = far.max if step[i] > 0 else far.min
    names = ("begin", "end", "axes", "stride")
    lists = (begin, end, range(len(begin)), step)
    operands = [node.list(n, list(v)) for n, v in zip(names, lists, strict=True)]
    return node.reshape(node("Slice", node.x(), *operands), node.out.shape)


def _bits(node: TfliteNode, option: str, n: int) -> list[bool]:
    mask: int = node.option(option)
    return [bool(mask >> i & 1) for i in range(n)]


@converter("GATHER", "GatherOptions", moves=True)
def gather(node: TfliteNode) -> ir.Value:
    if node.option("BatchDims"):
        raise node.refuse(f"{node.option('BatchDims')} batch dimensions", "supported: none")
    axis = node.axis(node.option("Axis"), len(node.shape()))
    return node("Gather", node.x(0), node.x(1), axis=axis)


@converter("TILE", moves=True)
def tile(node: TfliteNode) -> ir.Value:
    return node("Tile", node.x(), node.list("repeats", node.ints(1, "the repeats")))


@converter("PAD", moves=True)
def pad(node: TfliteNode) -> ir.Value:
    """With the stored form of zero."""
    q = node.out.quantization
    zero = int(q.zero_point[0]) if node.raw and q is not None else 0
    kind = node.out.dtype if node.raw or q is None else ir.DataType.FLOAT
    return _pad(node, node.constant("filler", np.array(zero, kind.numpy())))


@converter("PADV2", moves=True)
def pad_v2(node: TfliteNode) -> ir.Value:
    """With a value of its own."""
    if math.prod(node.shape(2)) != 1:
        raise node.malformed("the filler is no scalar")
    return _pad(node, node.x(2, shape=() if not node.shape(2) else (1,)))


def _pad(node: TfliteNode, filler: ir.Value) -> ir.Value:
    pairs = node.pairs(1, "the padding", len(node.shape()))
    pads = node.list("pads", [p[0] for p in pairs] + [p[1] for p in pairs])
    return node("Pad", node.x(), pads, filler)


@converter("MIRROR_PAD", "MirrorPadOptions", moves=True)
def mirror_pad(node: TfliteNode) -> ir.Value:
    if node.option("Mode"):
        raise node.refuse("mode SYMMETRIC", "supported: REFLECT")
    pairs = node.pairs(1, "the padding", len(node.shape()))
    pads = node.list("pads", [p[0] for p in pairs] + [p[1] for p in pairs])
    return node("Pad", node.x(), pads, mode="reflect")


@converter("SHAPE")
def shape(node: TfliteNode) -> ir.Value:
    """The file tells it."""
    value = node.constant("shape", np.array(node.shape(), node.out.dtype.numpy()))
    return node("Identity", value)


@converter("BROADCAST_TO", moves=True)
def broadcast_to(node: TfliteNode) -> ir.Value:
    return node("Expand", node.x(), node.list("shape", node.out.shape))


@converter("FILL", moves=True)
def fill(node: TfliteNode) -> ir.Value:
    """Operands are the shape and the value."""
    return node("Expand", node.x(1), node.list("shape", node.out.shape))
