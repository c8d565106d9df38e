"""Where: one of two tensors, element for element, with broadcasting."""

from __future__ import annotations

import numpy as np

from odl.dtype import BOOL
from odl.ops import layout, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.tilings import gated, nest, tiled
from odl.program import Call, In, Out, kernel


@tiled(nest({"condition": "condition_stride", "a": "a_stride", "b": "b_stride"}))
@gated(a="condition")
@kernel
def where(
    condition: In,
    a: In,
    b: In,
    y: Out,
    dims: tuple[int, ...],
    condition_stride: tuple[int, ...],
    a_stride: tuple[int, ...],
    b_stride: tuple[int, ...],
) -> None:
    """y[i] = condition[i . condition_stride] ? a[i . a_stride] : b[i . b_stride]; y is dense."""
    index = np.indices(dims).reshape(len(dims), -1)
    walks = (condition_stride, a_stride, b_stride)
    c, left, right = (
        v[np.tensordot(s, index, 1)] for v, s in zip((condition, a, b), walks, strict=True)
    )
    y[: c.size] = np.where(c, left, right)


class Where(Operator):
    op_types = ("Where",)
    kernels = (where,)
    elementwise = True
    dtypes = (BOOL,)
    gates = {1: 0}
    note = "operands of every type"

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.elementwise(node, perm)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        dy, chosen = b.dy(), b.x(0)
        da = b.unbroadcast(b.where(chosen, dy, 0.0), 1) if b.wants(1) else None
        db = b.unbroadcast(b.where(chosen, 0.0, dy), 2) if b.wants(2) else None
        return [None, da, db]

    def lower(self, node: Node) -> list[Call]:
        out = node.out_shape()
        walks = [strides.broadcast(node.shape(i), out) for i in range(3)]
        dims, merged = strides.merge(out, *walks)
        if len(dims) > strides.RANK:
            raise node.refuse(
                f"broadcasting over {len(dims)} dimensions", f"at most {strides.RANK}"
            )
        args = {
            "condition": node.input(0),
            "a": node.input(1),
            "b": node.input(2),
            "y": node.output(),
            "dims": strides.fill(dims, 1),
            "condition_stride": strides.fill(merged[0], 0),
            "a_stride": strides.fill(merged[1], 0),
            "b_stride": strides.fill(merged[2], 0),
        }
        whole = tuple(name for name, i in (("a", 1), ("b", 2)) if node.shape(i) == out)
        return [Call(where, f"b{8 * node.dtype(1).size}", args, overlay=whole)]
