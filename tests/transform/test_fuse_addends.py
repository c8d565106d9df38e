"""An Add behind a product goes into it, where its other operand is there by then."""

from __future__ import annotations

import numpy as np
import pytest

from odl.transform.fuse_addends import fuse_addends
from odl.transform.infer_shapes import infer_shapes
from tests.models import graph, operators, reference

HEAD = "<float[3,2] w = {1,-2,3,4,5,-6}, float[2] b = {1,2}>"
FUSED = {
    "s = MatMul (x, w) y = Add (s, z)": ["MatMulAdd"],
    "s = Gemm (x, w, b) y = Add (z, s)": ["GemmAdd"],
    "n = Neg (z) s = Gemm (x, w) y = Add (n, s)": ["Neg", "GemmAdd"],
    "s = MatMul (x, w) t = Gemm (x, w, b) y = Add (s, t)": ["MatMul", "GemmAdd"],
}
LEFT = {
    "s = MatMul (x, w) n = Neg (z) y = Add (s, n)": "the addend comes later",
    "s = MatMul (x, w) t = Add (s, z) y = Sub (t, s)": "somebody else reads the product",
    "s = MatMul (x, w) y = Add (s, b)": "the addend is smaller",
    "s = Gemm <alpha = 2.0> (x, w, b) y = Add (s, z)": "it has factors",
}


def given() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {n: rng.normal(size=s).astype(np.float32) for n, s in (("x", (4, 3)), ("z", (4, 2)))}


@pytest.mark.parametrize("body", FUSED)
def test_products_that_take_it(body: str) -> None:
    text = f"g (float[4,3] x, float[4,2] z) => (float[4,2] y) {HEAD} {{ {body} }}"
    made = fuse_addends(infer_shapes(graph(text)))
    assert operators(made) == FUSED[body]
    want = reference(graph(text), given())[0]
    np.testing.assert_allclose(reference(made, given())[0], want, rtol=1e-6)


@pytest.mark.parametrize("body", LEFT, ids=LEFT.values())
def test_what_stays(body: str) -> None:
    text = f"g (float[4,3] x, float[4,2] z) => (float[4,2] y) {HEAD} {{ {body} }}"
    assert operators(fuse_addends(infer_shapes(graph(text)))) == operators(graph(text))


def test_convolutions_take_it_unless_each_channel_has_its_own() -> None:
    for groups, names in ((1, ["ConvAdd"]), (2, ["Conv", "Add"])):
        text = f"""g (float[1,2,4,4] x, float[1,2,4,4] z, float[2,{2 // groups},1,1] w)
            => (float[1,2,4,4] y) {{ s = Conv <group = {groups}> (x, w) y = Add (s, z) }}"""
        assert operators(fuse_addends(infer_shapes(graph(text)))) == names
