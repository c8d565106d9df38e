"""The judge of quantised results: both neighbours near a half, and nothing else."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx_ir as ir
import pytest

from odl.compile import Options, compile_graph
from odl.errors import Unsupported
from odl.ops import lookup
from odl.ops.node import Node, constant_value
from odl.ops.q_conv import _unpacked, packed
from odl.ops.quantised import limits, near, saturate
from odl.ops.reference import evaluate
from tests.models import graph


@pytest.mark.parametrize(
    ("kind", "least", "largest"),
    [
        (np.int8, -128, 127),
        (np.uint8, 0, 255),
        (ml_dtypes.int4, -8, 7),
        (ml_dtypes.uint4, 0, 15),
    ],
)
def test_limits(kind: type, least: int, largest: int) -> None:
    assert limits(kind) == (least, largest)
    ends = saturate(np.array([-1e30, 1e30, np.nan]), 3, kind)
    assert ends.astype(int).tolist() == [least, largest, least]


def test_halves_go_to_the_even_number_before_the_zero_point_is_added() -> None:
    assert saturate(np.array([0.5, 1.5, -0.5, 2.5]), 1, np.int8).tolist() == [1, 3, 1, 3]


@pytest.mark.parametrize(
    ("real", "got", "right"),
    [(2.5, 2, True), (2.5, 3, True), (2.5, 4, False), (2.49, 3, False), (2.4999, 3, True)],
)
def test_either_neighbour_is_right_near_a_half_alone(real: float, got: int, right: bool) -> None:
    values, error = np.array([real]), np.array([1e-3])
    assert near(values, error, 7, np.array([got + 7], np.int8)).tolist() == [right]


CONV = """g (uint8[1,2,5,5] q) => (uint8[1,3,5,5] y) <
    int8[3,2,3,3] w = {WEIGHTS}, float s = {0.02}, float ws = {0.01}, float t = {0.03},
    uint8 z = {128}, int8 wz = {0}, uint8 v = {120}> {
    x = DequantizeLinear (q, s, z)
    wr = DequantizeLinear (w, ws, wz)
    c = Conv <pads = [1, 1, 1, 1]> (x, wr)
    y = QuantizeLinear (c, t, v) }"""


def test_a_result_that_is_off_by_one_is_wrong() -> None:
    weights = np.random.default_rng(0).integers(-128, 128, 54)
    model = graph(CONV.replace("WEIGHTS", ",".join(map(str, weights))))
    compile_graph(model, "g", Options())
    node = Node(next(n for n in model.graph if n.op_type == "QConv"))
    q = np.random.default_rng(1).integers(0, 256, (1, 2, 5, 5)).astype(np.uint8)
    rest = [constant_value(v) for v in node.values[1:]]
    known = [v for v in rest if v is not None]
    x = [q, *(v.astype(np.float64) if v.dtype.kind == "f" else v for v in known)]
    want = evaluate(node, x)
    inner = (want[0] > 0) & (want[0] < 255)
    assert inner.mean() > 0.5
    assert lookup(node).same(node, x, want, want)[0].all()
    for step in (1, -1):
        got = [np.where(inner, want[0].astype(int) + step, want[0]).astype(np.uint8)]
        assert not lookup(node).same(node, x, got, want)[0][inner].any()


@pytest.mark.parametrize(("groups", "out_c"), [(1, 4), (1, 7), (2, 10), (3, 3)])
def test_packed_weights(groups: int, out_c: int) -> None:
    w = np.arange(out_c * 2 * 6).reshape(out_c, 2, 2, 3)
    back = _unpacked(packed(w, groups), groups, out_c, (2, 3))
    np.testing.assert_array_equal(back.reshape(w.shape), w)
    if out_c >= 4 * groups:  # the first channels of the first tap stand together
        np.testing.assert_array_equal(packed(w, groups)[:4], w[:4, 0, 0, 0])


REFUSALS = {
    "g (int8[1,1,3,3,3] x) => (int32[1,1,1,1,1] y) <int8[1,1,3,3,3] w = {WEIGHTS}> "
    "{ [n] y = ConvInteger (x, w) }": (
        "ConvInteger node 'n': 3 spatial dimensions; supported: 1 and 2"
    ),
    "g (int8[2,40000] a, int8[40000,2] b) => (int32[2,2] y) { [n] y = MatMulInteger (a, b) }": (
        "MatMulInteger node 'n': sums that may not fit into 32 bits"
    ),
    "g (int8[2,3] a, int8[3,2] b) => (int32[2,2] y) <int8[2] z = {1, 2}> "
    "{ [n] y = MatMulInteger (a, b, z) }": (
        "MatMulInteger node 'n': a zero point for each row; one for the whole tensor"
    ),
}


@pytest.mark.parametrize("text", REFUSALS, ids=list(REFUSALS.values()))
def test_refused_in_one_line(text: str) -> None:
    model: ir.Model = graph(text.replace("WEIGHTS", ",".join(["1"] * 27)))
    with pytest.raises(Unsupported) as error:
        compile_graph(model, "g", Options())
    assert str(error.value) == REFUSALS[text]
