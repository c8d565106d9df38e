"""fold_constants: what can be known before the device runs is computed by the compiler."""

from __future__ import annotations

import numpy as np
import pytest

from odl.errors import ModelError
from odl.transform import fold_constants as module
from odl.transform.fold_constants import fold_constants
from tests.models import as_bytes, graph, model, operators, reference, samples

FLATTEN = """g (float[2,3,4] x) => (float[?,?] y) <int64[1] zero = {0}, int64[1] rest = {-1}>
{
  shape = Shape (x)
  first = Gather <axis = 0> (shape, zero)
  wanted = Concat <axis = 0> (first, rest)
  y = Reshape (x, wanted)
}"""
"""What PyTorch writes for x.view(x.size(0), -1)."""

TWICE = """g (float[2,3] x) => (float[?] y)
{
  shape = Shape (x)
  count = ReduceProd <keepdims = 1> (shape)
  flat = Reshape (x, count)
  again = Shape (flat)
  y = Reshape (flat, again)
}"""
"""ONNX's inference does not follow the product: `flat` has a shape once `count` is computed."""

SCALAR = """g (float[2,3] x) => (float[2,3] y) <float[2,2] w = {1, 2, 3, 4}>
{ s = ReduceSum <keepdims = 0> (w) y = Add (x, s) }"""

WEIGHTS = """g (float[2,3] x) => (float[2,2] y) <float[2,3] w = {1, 2, 3, 4, 5, 6}>
{ t = Transpose (w) s = Mul (t, t) y = MatMul (x, s) }"""

CASES = {
    FLATTEN: ["Reshape"],
    TWICE: ["Reshape", "Reshape"],
    WEIGHTS: ["MatMul"],
    SCALAR: ["Add"],
    "g (float[2,3] x) => (int64[?] y) { y = Shape (x) }": [],
    "g (float[2,3] x) => (int64[?] y) { y = Shape <start = 1> (x) }": [],
    "g (float[2,3] x) => (int64[?] y) { y = Shape <start = -2, end = 1> (x) }": [],
    "g (float[2,3] x) => (float[2,3] y) { y = Relu (x) }": ["Relu"],
}


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_constants_are_computed_and_mean_the_same(text: str) -> None:
    after = fold_constants(graph(text))
    assert operators(after) == CASES[text]
    assert [v.name for v in after.graph.outputs] == ["y"]
    inputs = samples(model(text))
    np.testing.assert_array_equal(reference(after, inputs)[0], reference(model(text), inputs)[0])
    before = as_bytes(after)
    assert as_bytes(fold_constants(after)) == before


def test_a_computed_tensor_keeps_its_name() -> None:
    after = fold_constants(graph(WEIGHTS)).graph
    assert [v.name for v in after[0].inputs] == ["x", "s"]
    want = np.float32([[1, 16], [4, 25], [9, 36]])
    np.testing.assert_array_equal(after.initializers["s"].const_value.numpy(), want)


def test_a_scalar_stays_one() -> None:
    scalar = fold_constants(graph(SCALAR)).graph.initializers["s"]
    assert list(scalar.shape) == list(scalar.const_value.shape) == []


def test_shapes_become_known_as_constants_do() -> None:
    assert list(fold_constants(graph(FLATTEN)).graph.outputs[0].shape) == [2, 12]


def test_a_random_tensor_is_no_constant() -> None:
    text = """g (float[4] x) => (float[4] y)
    { r = RandomNormal <shape = [4], seed = 1.0> () y = Add (x, r) }"""
    assert operators(fold_constants(graph(text))) == ["RandomNormal", "Add"]


@pytest.mark.parametrize(("limit", "left"), [(12, ["Add"]), (11, ["ConstantOfShape", "Add"])])
def test_a_large_tensor_is_not_computed(
    monkeypatch: pytest.MonkeyPatch, limit: int, left: list[str]
) -> None:
    monkeypatch.setattr(module, "LIMIT", limit)
    text = """g (float[3,4] x) => (float[3,4] y) <int64[2] shape = {3, 4}>
    { z = ConstantOfShape (shape) y = Add (x, z) }"""
    assert operators(fold_constants(graph(text))) == left


def test_many_tensors_share_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 30)
    text = """g (float[3,4] x) => (float[3,4] y) <int64[2] shape = {3, 4}>
    { a = ConstantOfShape (shape) b = ConstantOfShape (shape) c = ConstantOfShape (shape)
      d = Add (x, a) e = Add (d, b) y = Add (e, c) }"""
    assert operators(fold_constants(graph(text))) == ["ConstantOfShape", "Add", "Add", "Add"]


def test_a_branch_is_not_computed() -> None:
    text = """g (float[4] x) => (float[4] y) <bool c = {1}>
    { y = If (c) < then_branch = t () => (float[4] a) { a = Relu (x) },
                   else_branch = e () => (float[4] b) { b = Neg (x) } > }"""
    assert operators(fold_constants(graph(text))) == ["If"]


def test_what_cannot_be_computed_is_refused() -> None:
    net = graph("""g (float[4] x) => (float[4] y) <float[3] w = {1, 2, 3}, int64[1] i = {7}>
    { [pick] p = Gather (w, i) y = Add (x, p) }""")
    with pytest.raises(ModelError) as error:
        fold_constants(net)
    assert str(error.value) == (
        "Gather node 'pick': cannot be computed from its constants: index 7 is out of bounds for "
        "axis 0 with size 3"
    )
