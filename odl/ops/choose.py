"""ai.odl.Choose: some of n numbers, which are others in every draw."""

from __future__ import annotations

import numpy as np
import onnx

from odl.dtype import I32
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.random_numbers import in_onnx, numbers, signed
from odl.program import Call, In, Out, kernel


@kernel
def choose(number: In, y: Out, n: int, count: int, seed: int) -> None:
    """y[i] = whether i is among the `count` of n that draw number[0] of `seed` chooses."""
    own = int(numbers(seed, number[:1])[0])
    order = np.argsort(numbers(own, np.arange(n)), kind="stable")
    y[:n] = False
    y[order[:count]] = True


class Choose(Operator):
    """Input: which draw it is, an integer; output [n] of booleans, of which `count` are true.

    Draw d has the seed that is random number d of `seed`. Those are chosen whose random numbers are
    the smallest, of equal ones the first.
    """

    op_types = ("ai.odl.Choose",)
    kernels = (choose,)
    attributes = ("count", "n", "seed")
    dtypes = (I32,)
    note = "deterministic draw"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            Choose <count, n, seed> (number) => (chosen) {{
                draw = Cast <to = 7> (number)
                seed = Constant <value_int: int = @seed> ()
                {in_onnx("own", "seed", "draw")}
                first = Constant <value_int = 0> ()
                step = Constant <value_int = 1> ()
                n = Constant <value_int: int = @n> ()
                places = Range (first, n, step)
                {in_onnx("numbers", "own", "places")}
                wide = Mul (numbers, n)
                keys = Add (wide, places)
                count = Constant <value_int: int = @count> ()
                one = Constant <value_ints = [1]> ()
                k = Reshape (count, one)
                smallest, at = TopK <largest = 0> (keys, k)
                last = ReduceMax <keepdims = 0> (smallest)
                chosen = LessOrEqual (keys, last)
            }}""")

    def lower(self, node: Node) -> list[Call]:
        args = {
            "number": node.input(0),
            "y": node.output(),
            "n": node.attr("n", 1),
            "count": node.attr("count", 1),
            "seed": signed(node.attr("seed", 0)),
        }
        return [Call(choose, "i32", args)]
