"""RotaryEmbedding: pairs of elements turned by the angles of their positions (arXiv:2104.09864)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node


def _ints(b: Builder, name: str, *values: int) -> ir.Value:
    return b.constant(name, np.array(values, np.int64))


def _last(b: Builder, x: ir.Value, begin: int, end: int, step: int = 1) -> ir.Value:
    """Elements begin:end:step of the last axis."""
    spans = (("begin", begin), ("end", end), ("axis", -1), ("step", step))
    return b("Slice", x, *(_ints(b, name, value) for name, value in spans))


@foreign("RotaryEmbedding", ("interleaved", "num_heads", "rotary_embedding_dim"))
def rotary_embedding(b: Builder, node: Node) -> Sequence[ir.Value]:
    """(x1, x2) becomes (cos x1 - sin x2, sin x1 + cos x2); pairs are halves, or neighbours."""
    x, shape, heads = node.values[0], node.shape(), node.attr("num_heads", 0)
    if len(shape) == 3:
        if heads < 1 or shape[2] % heads:
            raise node.refuse(f"num_heads {heads} of {shape[2]} elements", "a divisor of them")
        x = b("Reshape", x, _ints(b, "heads", *shape[:2], heads, shape[2] // heads))
    head = shape[3] if len(shape) == 4 else shape[2] // heads
    width = node.attr("rotary_embedding_dim", 0) or head
    cos, sin = node.values[1:3]
    if node.has(3):
        cos, sin = (b("Gather", v, node.values[3], axis=0) for v in (cos, sin))
    each = b.axes(1 if len(shape) == 4 else 2)  # the axis of the heads
    cos, sin = (b("Unsqueeze", v, each) for v in (cos, sin))
    near = bool(node.attr("interleaved", 0))
    first = _last(b, x, 0, width, 2) if near else _last(b, x, 0, width // 2)
    second = _last(b, x, 1, width, 2) if near else _last(b, x, width // 2, width)
    real = b("Sub", b("Mul", cos, first), b("Mul", sin, second))
    imaginary = b("Add", b("Mul", sin, first), b("Mul", cos, second))
    if near:
        pairs = [b("Unsqueeze", v, b.axes(4)) for v in (real, imaginary)]
        tail = shape[:3] if len(shape) == 4 else (*shape[:2], heads)
        turned = [b("Reshape", b("Concat", *pairs, axis=-1), _ints(b, "pairs", *tail, width))]
    else:
        turned = [real, imaginary]
    rest = [_last(b, x, width, head)] if width < head else []
    y = b("Concat", *turned, *rest, axis=-1)
    return [b("Reshape", y, _ints(b, "shape", *shape)) if len(shape) == 3 else y]
