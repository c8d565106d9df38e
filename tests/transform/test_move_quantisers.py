"""Quantisers change places with what moves elements, and the integers are the same."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.ops.reference import evaluator
from odl.transform.fold_constants import fold_constants
from odl.transform.move_quantisers import move_quantisers
from odl.transform.remove_dead import remove_dead
from tests.models import Array, as_bytes, graph, operators

HEAD = "<float s = {0.1}, int8 z = {3}, float t = {0.2}, int64[8] p = {0,0,1,0,0,0,0,1}, "
HEAD += "int64[2] shape = {6, -1}, float one = {1}>"


def reference(model: ir.Model, inputs: dict[str, Array]) -> list[Array]:
    """With onnx's own pools of integers set right."""
    return list(evaluator(ir.serde.serialize_model(model)).run(None, inputs))


SINKS = {
    "Transpose <perm = [0, 2, 3, 1]> (x)": ["Transpose", "DequantizeLinear"],
    "Reshape (x, shape)": ["Reshape", "DequantizeLinear"],
    "Concat <axis = 1> (x, x)": ["Concat", "DequantizeLinear"],
    "Pad (x, p)": ["Pad", "DequantizeLinear"],
    "MaxPool <kernel_shape = [2, 2]> (x)": ["MaxPool", "DequantizeLinear"],
    "Relu (x)": ["Clip", "DequantizeLinear"],
    "Softmax (x)": ["DequantizeLinear", "Softmax"],
}


@pytest.mark.parametrize("step", SINKS)
def test_dequantize_moves_behind(step: str) -> None:
    body = f"x = DequantizeLinear (q, s, z) y = {step}"
    text = f"g (int8[2,3,4,5] q) => (float[N] y) {HEAD} {{ {body} }}"
    q = np.random.default_rng(0).integers(-128, 128, (2, 3, 4, 5)).astype(np.int8)
    text = text.replace("float[N]", "float" + str(list(reference(graph(text), {"q": q})[0].shape)))
    made = remove_dead(move_quantisers(fold_constants(graph(text))))
    assert operators(made) == SINKS[step]
    np.testing.assert_array_equal(reference(made, {"q": q})[0], reference(graph(text), {"q": q})[0])


HOISTS = {
    "Transpose <perm = [3, 2, 1, 0]> (x)": ["QuantizeLinear", "Transpose"],
    "Concat <axis = 0> (x, x)": ["QuantizeLinear", "QuantizeLinear", "Concat"],
    "Pad (x, p, one)": ["QuantizeLinear", "Pad"],
    "Tanh (x)": ["Tanh", "QuantizeLinear"],
}


@pytest.mark.parametrize("step", HOISTS)
def test_quantize_moves_before(step: str) -> None:
    text = (
        f"g (float[2,3,4,5] x) => (int8[N] y) {HEAD} {{ m = {step} y = QuantizeLinear (m, t, z) }}"
    )
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    text = text.replace("int8[N]", "int8" + str(list(reference(graph(text), {"x": x})[0].shape)))
    made = remove_dead(move_quantisers(fold_constants(graph(text))))
    assert operators(made) == HOISTS[step]
    np.testing.assert_array_equal(reference(made, {"x": x})[0], reference(graph(text), {"x": x})[0])


def test_what_somebody_reads_as_float_stays() -> None:
    text = f"""g (float[2,3] x) => (int8[3,2] y, float[3,2] m) {HEAD}
        {{ m = Transpose (x) y = QuantizeLinear (m, t, z) }}"""
    model = fold_constants(graph(text))
    before = as_bytes(model)
    assert as_bytes(move_quantisers(model)) == before


def test_the_axis_of_weights_moves_with_a_transpose() -> None:
    text = """g (float[2,3] x) => (float[2,3] y) <int8[3,2] w = {1,-2,3,4,5,-6},
        float[3] s = {0.1,0.2,0.3}, int8[3] z = {0,1,2}> {
        r = DequantizeLinear <axis = 0> (w, s, z)
        m = Transpose <perm = [1, 0]> (r)
        y = Mul (x, m) }"""
    made = remove_dead(fold_constants(move_quantisers(fold_constants(graph(text)))))
    assert operators(made) == ["DequantizeLinear", "Mul"]
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(reference(made, {"x": x})[0], reference(graph(text), {"x": x})[0])
