"""ai.odl.Seeded: a tensor of random numbers, made again wherever it is read instead of stored."""

from __future__ import annotations

import numpy as np
import onnx

from odl.dtype import F16, F32
from odl.ops.body import body, forwarded
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.random_numbers import even, in_onnx, signed
from odl.ops.tilings import PAIR, tiled
from odl.program import Call, Out, kernel
from odl.tiling import Args, Axis, Block, Piece, Span, Tiling


def _axes(a: Args) -> list[Axis]:
    return [Axis("n", a["n"], PAIR)]


def _piece(a: Args, spans: dict[str, Span]) -> Piece:
    s = spans["n"]
    return Piece({"n": s.size, "first": a["first"] + s.begin}, {"y": Block(s.begin, s.size)})


@tiled(Tiling(_axes, _piece))
@kernel
def seeded(y: Out, n: int, first: int, width: int, step: int, seed: int, scale: float) -> None:
    """y[i] = scale times number (e % width) * step + e / width, evenly in [-1, 1), e = first + i.

    The seed is that of the generator as 32 bits with a sign.
    """
    e = first + np.arange(n, dtype=np.int64)
    numbers = even(seed, e % width * step + e // width).astype(np.float32)
    y[:n] = (numbers * np.float32(scale)).astype(y.dtype)


class Seeded(Operator):
    """No input; `to` is the output's type, as Cast has it. With a step of 1 and the width of all
    places are dense; a width of r and a step of c make the transpose of numbers [r, c].
    """

    op_types = ("ai.odl.Seeded",)
    kernels = (seeded,)
    attributes = ("shape", "width", "step", "seed", "scale", "to")
    dtypes = (F32, F16)
    note = "random numbers"

    def function(self) -> onnx.FunctionProto:
        numbers = body(f"""
            Seeded <shape, width, step, seed, scale, to> () => (y) {{
                shape = Constant <value_ints: ints = @shape> ()
                n = ReduceProd <keepdims = 0> (shape)
                none = Constant <value_int = 0> ()
                one = Constant <value_int = 1> ()
                elements = Range (none, n, one)
                width = Constant <value_int: int = @width> ()
                step = Constant <value_int: int = @step> ()
                column = Mod (elements, width)
                row = Div (elements, width)
                far = Mul (column, step)
                place = Add (far, row)
                seed = Constant <value_int: int = @seed> ()
                {in_onnx("drawn", "seed", "place")}
                byte = Constant <value_int = 256> ()
                half = Constant <value_int = {1 << 23}> ()
                high = Div (drawn, byte)
                centred = Sub (high, half)
                whole = Cast <to = 1> (centred)
                unit = Constant <value_float = {2.0**-23}> ()
                even = Mul (whole, unit)
                scale = Constant <value_float: float = @scale> ()
                scaled = Mul (even, scale)
                shaped = Reshape (scaled, shape)
            }}""")
        made = onnx.FunctionProto()
        made.CopyFrom(numbers)
        made.node.append(forwarded("Cast", ["shaped"], ["to"]))
        return made

    def lower(self, node: Node) -> list[Call]:
        args = {
            "y": node.output(), "n": node.size(), "first": 0, "width": node.attr("width", 1),
            "step": node.attr("step", 1), "seed": signed(node.attr("seed", 0)),
            "scale": node.attr("scale", 1.0),
        }  # fmt: skip
        return [Call(seeded, str(node.out_dtype()), args)]
