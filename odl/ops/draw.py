"""ai.odl.Draw: a number below a bound, drawn by the integers that odl/adapt/generator.py makes."""

from __future__ import annotations

import numpy as np
import onnx

from odl.dtype import I32
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call, In, Out, kernel


def mixed(x: np.ndarray) -> np.ndarray:
    """The finaliser of odl/adapt/generator.py, of numbers below 2^32 in uint64."""
    for shift, factor in ((16, 0x21F0AAAD), (15, 0xD35A2D97), (15, 1)):
        x = x ^ x >> np.uint64(shift)
        x = x * np.uint64(factor) & np.uint64(0xFFFFFFFF)
    return x


@kernel
def draw(at: In, bound: In, y: Out, seed: int) -> None:
    """y[0] = number at[0] of the generator with this seed, modulo bound[0]; 0 below a bound of 1.

    The seed is that of the generator as 32 bits with a sign.
    """
    x = (at[:1].astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B9)
    x = x + np.uint64(seed & 0xFFFFFFFF) & np.uint64(0xFFFFFFFF)
    y[0] = int(mixed(x)[0]) % max(int(bound[0]), 1)


class Draw(Operator):
    """Inputs at and bound, int32 of rank 0, at from 0; output int32 of rank 0."""

    op_types = ("ai.odl.Draw",)
    kernels = (draw,)
    attributes = ("seed",)
    dtypes = (I32,)
    shape_like = 0
    note = "random numbers"

    def function(self) -> onnx.FunctionProto:
        return body("""
            Draw <seed> (at, bound) => (y) {
                seed_wide = Constant <value_int: int = @seed> ()
                whole = Constant <value_int = 4294967296> ()
                step = Constant <value_int = 2654435769> ()
                first = Constant <value_int = 569420461> ()
                second = Constant <value_int = 3545902487> ()
                one = Constant <value_int = 1> ()
                high = Constant <value_int = 16> ()
                low = Constant <value_int = 15> ()
                range = Cast <to = 13> (whole)
                by_16 = Cast <to = 13> (high)
                by_15 = Cast <to = 13> (low)
                times_1 = Cast <to = 13> (first)
                times_2 = Cast <to = 13> (second)
                at_wide = Cast <to = 7> (at)
                number = Add (at_wide, one)
                stepped = Mul (number, step)
                moved = Add (stepped, seed_wide)
                unsigned = Cast <to = 13> (moved)
                x_0 = Mod (unsigned, range)
                s_0 = BitShift <direction = "RIGHT"> (x_0, by_16)
                b_0 = BitwiseXor (x_0, s_0)
                m_0 = Mul (b_0, times_1)
                x_1 = Mod (m_0, range)
                s_1 = BitShift <direction = "RIGHT"> (x_1, by_15)
                b_1 = BitwiseXor (x_1, s_1)
                m_1 = Mul (b_1, times_2)
                x_2 = Mod (m_1, range)
                s_2 = BitShift <direction = "RIGHT"> (x_2, by_15)
                x_3 = BitwiseXor (x_2, s_2)
                drawn = Cast <to = 7> (x_3)
                bound_wide = Cast <to = 7> (bound)
                least = Max (bound_wide, one)
                below = Mod (drawn, least)
                y = Cast <to = 6> (below)
            }""")

    def lower(self, node: Node) -> list[Call]:
        seed = int(node.attr("seed", 0))
        args = {
            "at": node.input(0), "bound": node.input(1), "y": node.output(),
            "seed": seed - (1 << 32) if seed >= 1 << 31 else seed,
        }  # fmt: skip
        return [Call(draw, "i32", args)]
