"""Operators between quantisers become integer ones; what does not fit stays in float."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.ops.node import constant_value
from odl.transform.fold_constants import fold_constants
from odl.transform.fuse_qdq import fuse_qdq
from odl.transform.remove_dead import remove_dead
from tests.models import as_bytes, graph, operators, reference

CONSTANTS = """
    int8[2,2,1,1] w = {1,2,-3,4}, float[2] ws = {0.1,0.2}, int8[2] wz = {0,0},
    int32[2] b = {30,-40}, float[2] bs = {0.01,0.02}, int32[2] bz = {0,0},
    float s = {0.1}, int8 z = {3}, float t = {0.2}, int8 v = {-5}, float six = {6}, float zero = {0}
"""


def fused(body: str, inputs: str = "int8[1,2,3,3] q", outputs: str = "int8[1,2,3,3] y") -> ir.Model:
    """The graph between these inputs and outputs after the pass."""
    model = fold_constants(graph(f"g ({inputs}) => ({outputs}) <{CONSTANTS}> {{ {body} }}"))
    return remove_dead(fuse_qdq(model))


DQ = "x = DequantizeLinear (q, s, z)"
WEIGHTS = """
    wr = DequantizeLinear <axis = 0> (w, ws, wz)
    br = DequantizeLinear <axis = 0> (b, bs, bz)
"""


def agrees(body: str, inputs: str = "int8[1,2,3,3] q") -> ir.Model:
    """The pass has not changed what comes out, for all that may go in."""
    plain = graph(f"g ({inputs}) => (int8[1,2,3,3] y) <{CONSTANTS}> {{ {body} }}")
    q = np.random.default_rng(0).integers(-128, 128, (1, 2, 3, 3)).astype(np.int8)
    given = {v.name: q for v in plain.graph.inputs}
    want = reference(plain, given)
    made = fused(body, inputs)
    np.testing.assert_array_equal(reference(made, given), want)
    return made


def test_conv_with_bias_and_its_clamp() -> None:
    made = agrees(f"""{DQ} {WEIGHTS}
        c = Conv (x, wr, br)
        d = Relu (c)
        e = Clip (d, zero, six)
        y = QuantizeLinear (e, t, v)""")
    assert operators(made) == ["QConv"]
    low, high = (constant_value(i) for i in made.graph[0].inputs[-2:])  # type: ignore[arg-type]
    assert (low, high) == (-5, 25)


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("c = Add (x, x) y = QuantizeLinear (c, t, v)", ["QTable"]),
        ("c = Sigmoid (x) d = Mul (x, c) y = QuantizeLinear (d, t, v)", ["QTable"]),
        ("y = QuantizeLinear (x, t, v)", ["QTable"]),
        ("y = QuantizeLinear (x, s, z)", ["Identity"]),
        ("c = Elu (x) d = Tanh (c) e = Add (d, six) y = QuantizeLinear (e, t, v)", ["QTable"]),
        (
            "c = AveragePool <kernel_shape = [1, 1]> (x) y = QuantizeLinear (c, t, v)",
            ["QAveragePool"],
        ),
    ],
)
def test_forms(body: str, kinds: list[str]) -> None:
    assert operators(agrees(f"{DQ} {body}")) == kinds


def test_two_tensors() -> None:
    body = f"{DQ} p = DequantizeLinear (r, t, v) c = Mul (x, p) y = QuantizeLinear (c, t, z)"
    made = agrees(body, "int8[1,2,3,3] q, int8[1,2,3,3] r")
    assert operators(made) == ["QMul"]


def test_a_dequantized_tensor_may_have_several_readers() -> None:
    made = fused(
        f"{DQ} {WEIGHTS} c = Conv (x, wr, br) y = QuantizeLinear (c, t, v) "
        "d = Tanh (x) e = QuantizeLinear (d, t, v)",
        outputs="int8[1,2,3,3] y, int8[1,2,3,3] e",
    )
    assert sorted(operators(made)) == ["QConv", "QTable"]


def test_equal_quantizers_are_one() -> None:
    made = fused(
        f"{DQ} {WEIGHTS} c = Conv (x, wr, br) m = QuantizeLinear (c, t, v) "
        "n = QuantizeLinear (c, t, v) f = DequantizeLinear (m, t, v) "
        "g = DequantizeLinear (n, t, v) h = Tanh (f) k = Elu (g) "
        "y = QuantizeLinear (h, s, z) e = QuantizeLinear (k, s, z)",
        outputs="int8[1,2,3,3] y, int8[1,2,3,3] e",
    )
    assert sorted(operators(made)) == ["QConv", "QTable", "QTable"]


def test_a_bias_in_float_is_quantized_as_the_products_are() -> None:
    made = fused(
        f"{DQ} {WEIGHTS} half = Constant <value = float[2] {{0.5, -0.25}}> () "
        "c = Conv (x, wr, half) y = QuantizeLinear (c, t, v)"
    )
    assert operators(fold_constants(made)) == ["QConv"]


@pytest.mark.parametrize(
    "body",
    [
        f"{DQ} {WEIGHTS} c = Conv (x, wr, br) e = Relu (c) y = QuantizeLinear (c, t, v)",
        f"{WEIGHTS} x = Cast <to = 1> (q) e = Conv (x, wr, br) y = QuantizeLinear (e, t, v)",
        f"{DQ} c = Softmax (x) e = Identity (c) y = QuantizeLinear (c, t, v)",
    ],
    ids=["its float is read", "no quantised operand", "no form"],
)
def test_the_rest_stays_as_it_is(body: str) -> None:
    text = f"g (int8[1,2,3,3] q) => (int8[1,2,3,3] y, float[1,2,3,3] e) <{CONSTANTS}> {{ {body} }}"
    before = remove_dead(fold_constants(graph(text)))
    want = operators(before)
    assert operators(remove_dead(fuse_qdq(before))) == want


def test_sums_of_more_than_32_bits_stay_in_float() -> None:
    k = 140000
    w = ", ".join(["127"] * k)
    text = f"""g (int8[1,{k}] q) => (int8[1,1] y)
        <int8[{k},1] w = {{{w}}}, float s = {{0.1}}, int8 z = {{0}}> {{
        x = DequantizeLinear (q, s, z)
        wr = DequantizeLinear (w, s, z)
        c = MatMul (x, wr)
        y = QuantizeLinear (c, s, z) }}"""
    made = fuse_qdq(fold_constants(graph(text)))
    assert "MatMul" in operators(made)
    assert "QMatMul" not in operators(made)


def test_twice_is_once() -> None:
    made = fused(f"{DQ} {WEIGHTS} c = Conv (x, wr, br) y = QuantizeLinear (c, t, v)")
    before = as_bytes(made)
    assert as_bytes(remove_dead(fuse_qdq(made))) == before
