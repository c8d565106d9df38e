"""ai.odl.SquareSums: the squares of a gradient, summed up in single precision as they are read."""

from __future__ import annotations

import onnx

from odl.dtype import F32
from odl.ops import strides
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.reduce import REDUCTIONS
from odl.ops.wide import FLOATS
from odl.program import Call

REDUCE = REDUCTIONS["ReduceSumSquare"].kernel


class SquareSums(Operator):
    """Input x, of any shape; output f32 [rows], each of as many elements as they stand in x.

    Of halves, whose squares may exceed what a half can hold.
    """

    op_types = ("ai.odl.SquareSums",)
    kernels = (REDUCE,)
    attributes = ("rows",)
    dtypes = FLOATS
    note = "norm of gradients"

    def function(self) -> onnx.FunctionProto:
        return body("""
            SquareSums <rows> (x) => (y) {
                rows = Constant <value_int: int = @rows> ()
                one = Constant <value_ints = [1]> ()
                height = Reshape (rows, one)
                width = Constant <value_ints = [-1]> ()
                shape = Concat <axis = 0> (height, width)
                wide = Cast <to = 1> (x)
                table = Reshape (wide, shape)
                y = ReduceSumSquare <keepdims = 0> (table, one)
            }""")

    def check(self, node: Node) -> None:
        rows = node.attr("rows", 1)
        if node.out_shape() != (rows,) or node.out_dtype() != F32 or product(node.shape()) % rows:
            raise node.refuse(f"its result is not {F32} [{rows}], of as many elements each")

    def lower(self, node: Node) -> list[Call]:
        rows, n = node.attr("rows", 1), product(node.shape())
        kinds = dict.fromkeys((str(node.dtype()), str(F32)))
        width = n // rows
        args = {
            "x": node.input(0),
            "y": node.output(),
            "dims": strides.fill((rows,), 1),
            "stride": strides.fill((width,), 0),
            "reduced": strides.fill((width,), 1),
            "reduced_stride": strides.fill((1,), 0),
        }
        return [Call(REDUCE, "_".join(kinds), args)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        rows = node.attr("rows", 1)
        squares = (x[0] * x[0]).reshape(rows, -1)
        return [gamma(squares.shape[1] + 1, F32.unit_roundoff) * squares.sum(axis=1)]
