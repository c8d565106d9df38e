"""Quantised constants become float at the end, and not before."""

from __future__ import annotations

from odl.transform.fold_constants import fold_constants
from odl.transform.fold_dequantised import fold_dequantised
from tests.models import graph, operators

TEXT = """g (float[3] x) => (float[3] y)
    <int8[3] w = {1,-2,3}, float s = {0.5}, int8 z = {0}, int8 one = {1}> {
    r = DequantizeLinear (w, s, z)
    a = Add (x, r)
    t = DequantizeLinear (one, s, z)
    y = Mul (a, t) }"""


def test_a_tensor_waits_and_a_scalar_does_not() -> None:
    model = fold_constants(graph(TEXT))
    assert operators(model) == ["DequantizeLinear", "Add", "Mul"]
    assert operators(fold_dequantised(model)) == ["Add", "Mul"]
    values = model.graph.initializers["r"].const_value
    assert values is not None
    assert values.numpy().tolist() == [0.5, -1, 1.5]
