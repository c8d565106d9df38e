"""ai.odl.PositiveBits and ai.odl.KeepByBits: where a tensor is positive, a bit for each element."""

from __future__ import annotations

import numpy as np
import onnx

from odl.dtype import U8
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.ops.tilings import tiled
from odl.ops.wide import FLOATS
from odl.program import Call, In, Out, kernel
from odl.tiling import Args, Axis, Block, Piece, Span, Tiling

BYTE = 8
"""Bits of a byte, the first element's the lowest."""


def by_bytes(bits: str, *operands: str) -> Tiling:
    """Of a kernel over `n` elements of `operands`, whose bits stand in an operand of their own."""

    def axes(a: Args) -> list[Axis]:
        return [Axis("bytes", -(-a["n"] // BYTE))]

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        s = spans["bytes"]
        begin, size = s.begin * BYTE, min(s.end * BYTE, a["n"]) - s.begin * BYTE
        blocks = {name: Block(begin, size) for name in operands}
        return Piece({"n": size}, {bits: Block(s.begin, s.size), **blocks})

    return Tiling(axes, piece)


@tiled(by_bytes("y", "x"))
@kernel
def positive_bits(x: In, y: Out, n: int) -> None:
    """Bit i of y[j] = x[8 j + i] > 0; bits behind the last element are 0."""
    with np.errstate(invalid="ignore"):
        packed = np.packbits(x[:n] > 0, bitorder="little")
    y[: packed.size] = packed


@tiled(by_bytes("bits", "x", "y"))
@kernel
def keep_by_bits(x: In, bits: In, y: Out, n: int) -> None:
    """y[8 j + i] = x[8 j + i] where bit i of bits[j] is set, else 0."""
    kept = np.unpackbits(bits[: -(-n // BYTE)], bitorder="little", count=n)
    y[:n] = np.where(kept, x[:n], 0)


class PositiveBits(Operator):
    """Input y, of any shape; output uint8 [ceil(n / 8)]."""

    op_types = ("ai.odl.PositiveBits",)
    kernels = (positive_bits,)
    dtypes = FLOATS
    note = "what the gradient of Relu keeps"

    def function(self) -> onnx.FunctionProto:
        return body("""
            PositiveBits (y) => (bits) {
                flat = Constant <value_ints = [-1]> ()
                row = Reshape (y, flat)
                zero_float = Constant <value_float = 0.0> ()
                zero = CastLike (zero_float, y)
                positive = Greater (row, zero)
                ones = Cast <to = 7> (positive)
                size = Shape (row)
                missing = Neg (size)
                eight = Constant <value_ints = [8]> ()
                rest = Mod (missing, eight)
                nothing = Constant <value_ints = [0]> ()
                pads = Concat <axis = 0> (nothing, rest)
                padded = Pad (ones, pads)
                bytes = Constant <value_ints = [-1, 8]> ()
                table = Reshape (padded, bytes)
                weights = Constant <value_ints = [1, 2, 4, 8, 16, 32, 64, 128]> ()
                weighted = Mul (table, weights)
                last = Constant <value_ints = [1]> ()
                sums = ReduceSum <keepdims = 0> (weighted, last)
                bits = Cast <to = 2> (sums)
            }""")

    def check(self, node: Node) -> None:
        n = -(-product(node.shape()) // BYTE)
        if node.out_shape() != (n,) or node.out_dtype() != U8:
            raise node.refuse(f"its result is not {U8} [{n}]")

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), "n": product(node.shape())}
        return [Call(positive_bits, str(node.dtype()), args)]


class KeepByBits(Operator):
    """Inputs x, of any shape, and bits as of PositiveBits; y = x where they are set, else 0."""

    op_types = ("ai.odl.KeepByBits",)
    kernels = (keep_by_bits,)
    dtypes = FLOATS
    note = "gradient of Relu, by bits"

    def function(self) -> onnx.FunctionProto:
        return body("""
            KeepByBits (x, bits) => (y) {
                column = Constant <value_ints = [-1, 1]> ()
                bytes = Reshape (bits, column)
                wide = Cast <to = 7> (bytes)
                weights = Constant <value_ints = [1, 2, 4, 8, 16, 32, 64, 128]> ()
                shifted = Div (wide, weights)
                two = Constant <value_ints = [2]> ()
                table = Mod (shifted, two)
                flat = Constant <value_ints = [-1]> ()
                row = Reshape (table, flat)
                begin = Constant <value_ints = [0]> ()
                flat_x = Reshape (x, flat)
                size = Shape (flat_x)
                ones = Slice (row, begin, size)
                shape = Shape (x)
                shaped = Reshape (ones, shape)
                kept = Cast <to = 9> (shaped)
                zero_float = Constant <value_float = 0.0> ()
                zero = CastLike (zero_float, x)
                y = Where (kept, x, zero)
            }""")

    def check(self, node: Node) -> None:
        n = -(-node.size() // BYTE)
        if node.shape(1) != (n,) or node.dtype(1) != U8:
            raise node.refuse(f"its bits are not {U8} [{n}]")

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "bits": node.input(1), "y": node.output(), "n": node.size()}
        return [Call(keep_by_bits, f"b{8 * node.dtype().size}", args, overlay=("x",))]
