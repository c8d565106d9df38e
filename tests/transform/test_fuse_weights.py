"""Constant weights before a product or convolution stay quantised; others become float."""

from __future__ import annotations

import numpy as np
import pytest

from odl.transform.fold_constants import fold_constants
from odl.transform.fold_dequantised import fold_dequantised
from odl.transform.fuse_weights import fuse_weights
from odl.transform.remove_dead import remove_dead
from tests.models import graph, operators, reference

HEAD = "<int8[2,3] w = {1,-2,3,4,5,-6}, float[3] s = {0.1,0.2,0.3}, int8[3] z = {0,1,2}, "
HEAD += "float[2] rows = {0.5,0.25}, int8[2] none = {0,0}, float[3] c = {1,2,3}>"
BODIES = {
    "r = DequantizeLinear <axis = 1> (w, s, z) y = MatMul (x, r)": ["WMatMul"],
    "r = DequantizeLinear <axis = 1> (w, s, z) y = Gemm (x, r, c)": ["WGemm"],
    "r = DequantizeLinear <axis = 1> (w, s) y = MatMul (x, r)": ["WMatMul"],
    "r = DequantizeLinear <axis = 1> (w, s, z) y = Gemm <alpha = 2.0> (x, r, c)": ["Gemm"],
    "r = DequantizeLinear <axis = 0> (w, rows, none) y = MatMul (x, r)": ["MatMul"],
}


@pytest.mark.parametrize("body", BODIES)
def test_products(body: str) -> None:
    text = f"g (float[4,2] x) => (float[4,3] y) {HEAD} {{ {body} }}"
    made = fold_dequantised(fuse_weights(fold_constants(graph(text))))
    x = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    assert operators(remove_dead(made)) == BODIES[body]
    np.testing.assert_allclose(
        reference(made, {"x": x})[0], reference(graph(text), {"x": x})[0], rtol=1e-6
    )


def test_weights_that_are_computed_stay_as_they_are() -> None:
    text = f"""g (float[4,2] x, int8[2,3] v) => (float[4,3] y) {HEAD}
        {{ r = DequantizeLinear <axis = 1> (v, s, z) y = MatMul (x, r) }}"""
    assert operators(fuse_weights(fold_constants(graph(text)))) == ["DequantizeLinear", "MatMul"]
