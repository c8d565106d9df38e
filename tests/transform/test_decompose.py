"""decompose: foreign operators become those that have kernels, and mean the same."""

from __future__ import annotations

import numpy as np
import pytest

from odl.errors import Unsupported
from odl.transform.decompose import decompose
from odl.transform.infer_shapes import infer_shapes
from tests.models import as_bytes, graph, model, operators, reference, samples

NORM = """g (float[2,3,4] x) => (float[2,3,4] y)
<float[3] s = {1, 2, 3}, float[3] b = {0.5, 0, -1}, float[3] m = {1, -1, 0.25},
 float[3] v = {0.5, 4, 2}>
{ [norm] y = BatchNormalization <epsilon = 0.01> (x, s, b, m, v) }"""
AVERAGE = "g (float[2,3,4,5] x) => (float[2,3,1,1] y) { [pool] y = GlobalAveragePool (x) }"
LARGEST = "g (float[2,3,4,5] x) => (float[2,3,1,1] y) { [pool] y = GlobalMaxPool (x) }"

CASES = {
    NORM: ["Add", "Sqrt", "Div", "Mul", "Sub", "ScaleShift"],
    AVERAGE: ["ReduceMean"],
    LARGEST: ["MaxPool"],
}


@pytest.mark.parametrize("text", CASES, ids=["norm", "average", "largest"])
def test_it_means_the_same(text: str) -> None:
    inputs = samples(model(text))
    after = decompose(graph(text))
    assert operators(after) == CASES[text]
    assert [v.name for v in after.graph.outputs] == ["y"]
    want = reference(model(text), inputs)[0]
    np.testing.assert_allclose(reference(after, inputs)[0], want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("text", CASES, ids=["norm", "average", "largest"])
def test_a_second_time_changes_nothing(text: str) -> None:
    once = decompose(graph(text))
    before = as_bytes(once)
    assert as_bytes(decompose(once)) == before


def test_new_names_tell_where_they_come_from() -> None:
    after = decompose(graph(NORM))
    assert [n.name for n in after.graph][:2] == ["norm/add0", "norm/sqrt1"]
    assert "y/epsilon" in after.graph.initializers


@pytest.mark.parametrize("name", ["y/epsilon", "y/sqrt1", "y/add0", "y/replaced"])
@pytest.mark.parametrize("old", ["x", "s"])
def test_names_of_the_model_are_left_alone(name: str, old: str) -> None:
    inputs = samples(model(NORM))
    net = graph(NORM)
    value = {v.name: v for v in (*net.graph.inputs, *net.graph.initializers.values())}[old]
    value.name = name
    after = infer_shapes(decompose(net))
    renamed = {name if k == old else k: v for k, v in inputs.items()}
    want = reference(model(NORM), inputs)[0]
    np.testing.assert_allclose(reference(after, renamed)[0], want, rtol=1e-5, atol=1e-6)


def test_the_first_of_two_in_a_row_feeds_the_second() -> None:
    text = """g (float[2,3,4,5] x) => (float[2,3,1,1] y)
    { a = GlobalMaxPool (x) y = GlobalAveragePool (a) }"""
    inputs = samples(model(text))
    after = decompose(infer_shapes(graph(text)))
    assert operators(after) == ["MaxPool", "ReduceMean"]
    np.testing.assert_array_equal(reference(after, inputs)[0], reference(model(text), inputs)[0])


def test_other_domains_are_left_alone() -> None:
    net = graph(AVERAGE)
    net.graph[0].domain = "mine"
    assert operators(decompose(net)) == ["GlobalAveragePool"]


def test_no_spatial_dimensions_are_refused() -> None:
    net = graph("g (float[2,3] x) => (float[2,3] y) { [pool] y = GlobalMaxPool (x) }")
    with pytest.raises(Unsupported) as error:
        decompose(net)
    text = "GlobalMaxPool node 'pool': an input of rank 2; it needs spatial dimensions"
    assert str(error.value) == text
