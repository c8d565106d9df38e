"""ai.odl.Draw: a number below a bound, drawn by integers alone."""

from __future__ import annotations

import onnx

from odl.dtype import I32
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.random_numbers import in_onnx, numbers, signed
from odl.program import Call, In, Out, kernel


@kernel
def draw(at: In, bound: In, y: Out, seed: int) -> None:
    """y[0] = number at[0] of the generator with this seed, modulo bound[0]; 0 below a bound of 1.

    The seed is that of the generator as 32 bits with a sign.
    """
    y[0] = int(numbers(seed, at[:1])[0]) % max(int(bound[0]), 1)


class Draw(Operator):
    """Inputs at and bound, int32 of rank 0, at from 0; output int32 of rank 0."""

    op_types = ("ai.odl.Draw",)
    kernels = (draw,)
    attributes = ("seed",)
    dtypes = (I32,)
    shape_like = 0
    note = "random numbers"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            Draw <seed> (at, bound) => (y) {{
                seed = Constant <value_int: int = @seed> ()
                at_wide = Cast <to = 7> (at)
                {in_onnx("drawn", "seed", "at_wide")}
                one = Constant <value_int = 1> ()
                bound_wide = Cast <to = 7> (bound)
                least = Max (bound_wide, one)
                below = Mod (drawn, least)
                y = Cast <to = 6> (below)
            }}""")

    def lower(self, node: Node) -> list[Call]:
        args = {
            "at": node.input(0), "bound": node.input(1), "y": node.output(),
            "seed": signed(int(node.attr("seed", 0))),
        }  # fmt: skip
        return [Call(draw, "i32", args)]
