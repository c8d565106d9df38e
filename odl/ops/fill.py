"""Operators whose results are known at compile time: Shape, Size, EyeLike, ConstantOfShape, Range.

Constant folding removes them; what is left of them here asks for a value that the device computes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node
from odl.ops.operator import product
from odl.ops.reference import evaluate

MOST = 1 << 20
"""Elements of a Range that folding has left."""


def _known(b: Builder, array: np.ndarray, to: int) -> ir.Value:
    """A constant of ONNX's type `to`, as the output of a node that the next folding removes."""
    return b("Cast", b.constant("known", array.astype(np.int64)), to=to)


@foreign("Shape", ("start", "end"))
def shape(b: Builder, node: Node) -> Sequence[ir.Value]:
    dims = node.shape()
    part = dims[node.attr("start", 0) : node.attr("end", len(dims))]
    return [_known(b, np.array(part), ir.DataType.INT64)]


@foreign("Size")
def size(b: Builder, node: Node) -> Sequence[ir.Value]:
    return [_known(b, np.array(product(node.shape())), ir.DataType.INT64)]


@foreign("EyeLike", ("dtype", "k"))
def eye_like(b: Builder, node: Node) -> Sequence[ir.Value]:
    rows, columns = node.out_shape()
    eye = np.eye(rows, columns, node.attr("k", 0))
    return [_known(b, eye, node.out_dtype().onnx)]


@foreign("ConstantOfShape", ("value",), constant_inputs=(0,))
def constant_of_shape(b: Builder, node: Node) -> Sequence[ir.Value]:
    raise node.refuse(f"{node.size()} elements are too many to be folded")


@foreign("Range", ("stash_type",), constant_inputs=(0, 1, 2))
def range_(b: Builder, node: Node) -> Sequence[ir.Value]:
    """Half precision, whose length ONNX's shape inference does not tell."""
    given = [node.const(i, f"input {i}") for i in range(3)]
    start, limit, delta = (float(v.ravel()[0]) for v in given)
    if delta == 0 or (limit - start) / delta > MOST:
        raise node.refuse(f"{start} to {limit} by {delta} is too long to be folded")
    return [b("Identity", b.constant("known", evaluate(node, given)[0]))]
