"""Frozen quantised weights, through which a gradient goes to the input and the bias."""

from __future__ import annotations

from tests.train.gradients import Case

CASES: dict[str, Case] = {}

W = "int8[4,3] w = {1,-2,3,4,5,-6,7,8,-9,10,11,12}"


def _case(name: str, x: str, y: str, weights: str, body: str, bias: str = "") -> None:
    ports = f"(float[{x}] x{f', float[{bias}] b' if bias else ''}) => (float[{y}] y)"
    CASES[f"quantised {name}"] = Case(f"g {ports} <{weights}> {{ {body} }}")


_case(
    "MatMul",
    "2,4",
    "2,3",
    f"{W}, float s = {{0.1}}",
    "f = DequantizeLinear (w, s) y = MatMul (x, f)",
)
_case(
    "MatMul 3-D, by column",
    "2,2,4",
    "2,2,3",
    f"{W}, float[3] s = {{0.5,0.25,1}}, int8[3] z = {{1,2,3}}",
    "f = DequantizeLinear <axis = 1> (w, s, z) y = MatMul (x, f)",
)
_case(
    "MatMul in blocks",
    "2,4",
    "2,3",
    f"{W}, float[2,3] s = {{0.5,0.25,1,2,1,0.5}}",
    "f = DequantizeLinear <axis = 0, block_size = 2> (w, s) y = MatMul (x, f)",
)
_case(
    "Gemm",
    "2,4",
    "2,3",
    f"{W}, float s = {{0.5}}",
    "f = DequantizeLinear (w, s) y = Gemm (x, f, b)",
    "3",
)
_case(
    "Gemm of transposed weights",
    "2,3",
    "2,4",
    f"{W}, float[4] s = {{0.5,0.25,1,2}}",
    "f = DequantizeLinear <axis = 0> (w, s) y = Gemm <transB = 1> (x, f, b)",
    "4",
)
_case(
    "Gemm of a transposed input",
    "4,2",
    "2,3",
    f"{W}, float s = {{0.5}}",
    "f = DequantizeLinear (w, s) y = Gemm <transA = 1> (x, f, b)",
    "3",
)
K = "int8[2,1,2,2] w = {1,-2,3,4,5,-6,7,8}"
_case(
    "Conv",
    "1,1,4,5",
    "1,2,3,4",
    f"{K}, float[2] s = {{0.5,0.25}}",
    "f = DequantizeLinear <axis = 0> (w, s) y = Conv (x, f, b)",
    "2",
)
_case(
    "Conv by groups",
    "1,2,5,5",
    "1,2,3,3",
    f"{K}, float s = {{0.5}}, int8 z = {{1}}",
    "f = DequantizeLinear (w, s, z)"
    " y = Conv <group = 2, strides = [2, 2], pads = [1, 0, 0, 1]> (x, f, b)",
    "2",
)
