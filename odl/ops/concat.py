"""Concat: one strided copy for each input."""

from __future__ import annotations

from odl.dtype import ALL
from odl.ops import layout, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.transpose import copy, copy_call
from odl.program import Call, Ref


class Concat(Operator):
    moves = True
    op_types = ("Concat",)
    kernels = (copy,)
    attributes = ("axis",)
    dtypes = ALL

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.along(node, perm, 0, operands=None)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        axis = node.attr("axis", 0)
        sizes = b.ints([node.shape(i)[axis] for i in range(len(node.ir.inputs))])
        return b.terms(
            "Split", b.dy(), sizes, like=[*map(b.x, range(len(node.ir.inputs)))], axis=axis
        )

    def lower(self, node: Node) -> list[Call]:
        out = node.out_shape()
        axis = node.axis(node.attr("axis", 0), len(out))
        walk = strides.dense(out)
        calls, begin = [], 0
        for i in range(len(node.ir.inputs)):
            shape = node.shape(i)
            at = Ref(node.output().tensor, begin * walk[axis] * node.dtype().size)
            begin += shape[axis]
            if 0 not in shape:
                calls.append(copy_call(node, node.input(i), at, shape, strides.dense(shape), walk))
        return calls
